#!/bin/sh
# Print the path of a Python that can build and run envrules, or say on stderr what is missing.
#
# Each candidate is run, not just looked up: a version manager's shim may exist and still refuse.
# PYTHON=/path/to/python names the only candidate.
set -eu

probe='
import os, sys, sysconfig
missing = []
if not (3, 11) <= sys.version_info[:2] <= (3, 12):
    sys.exit("it is Python %d.%d" % sys.version_info[:2])
version = "%d.%d" % sys.version_info[:2]
try:
    import ensurepip, venv
except ImportError:
    missing.append("venv (Debian, Ubuntu: apt-get install python%s-venv)" % version)
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    missing.append("its C headers (Debian, Ubuntu: apt-get install python%s-dev)" % version)
if missing:
    sys.exit("it lacks " + " and ".join(missing))
print(sys.executable)
'

refused=
for candidate in ${PYTHON:-python3.12 python3.11 python3 python}; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if answer=$("$candidate" -c "$probe" 2>&1); then
        printf '%s\n' "$answer"
        exit 0
    fi
    reason=$(printf '%s\n' "$answer" | sed '/^$/d' | head -n 1)
    refused="$refused
  $candidate: $reason"
done

printf 'envrules needs Python 3.11 or 3.12 with venv and its C headers. Tried:%s\n' \
    "${refused:-
  nothing: no ${PYTHON:-python3.12, python3.11, python3 or python} is on PATH}" >&2
printf 'Another one is named by PYTHON=/path/to/python make ...\n' >&2
exit 1
