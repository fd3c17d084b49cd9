#!/bin/sh
# Compile the pins: every package that an environment needs, exactly, with the hashes of its files.
#
#   tools/pin.sh             keep what is pinned, add or drop what changed
#   tools/pin.sh --upgrade   take the newest of everything; then let [build-system] in pyproject.toml
#                            name the same generators (the build refuses to run otherwise)
#
# One file serves Python 3.11 and 3.12 on every machine: it holds the hashes of all of a release's
# files. The sets build on one another, so that a package has one version in all of them:
#   build    builds durable-rules and envrules
#   runtime  what a server runs on (the dependencies in pyproject.toml)
#   test     runtime, every extra but `bench`, and the test tools: the environment that tests the wheel
#   dev      build, test, and the developer's tools
#   bench    test and the peers in pyproject's extra `bench`
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

pin() {
    output=requirements/$1.txt
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate \
        --output-file "$output" "$@"
}

pin build requirements/build.in "$@"
pin runtime pyproject.toml -c requirements/build.txt "$@"
pin test pyproject.toml requirements/test.in \
    --extra postgres --extra ray --extra reports --extra telemetry --extra whatif --extra workbench -c requirements/build.txt -c requirements/runtime.txt "$@"
pin dev pyproject.toml requirements/build.in requirements/test.in requirements/dev.in \
    --extra postgres --extra ray --extra reports --extra telemetry --extra whatif --extra workbench \
    -c requirements/build.txt -c requirements/test.txt "$@"
pin bench pyproject.toml requirements/test.in --extra bench \
    -c requirements/build.txt -c requirements/test.txt "$@"
