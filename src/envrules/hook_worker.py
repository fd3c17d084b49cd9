"""The process that runs one scheme's hooks, see `hook_process`:

    python -m envrules.hook_worker SCHEME SECONDS MEBIBYTES PIPE

It says once that it is ready, then answers each event on the pipe with the event as the plugin reads
it, until the other side is gone. It is ended by the kernel's alarm if that takes too long, whether
anybody waits for it or not.
"""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection

import msgspec

from envrules.hook_process import MEBIBYTES, Answer, PluginError, failure
from envrules.model.events import decode_event
from envrules.plugin_manager import Classify, load_plugins

_encode = msgspec.msgpack.Encoder(decimal_format="string").encode
_LONGEST_PROBLEM = 300


def main(arguments: Sequence[str]) -> None:
    """Answer until nobody asks any more."""
    scheme, seconds, mebibytes, pipe = arguments
    classify = load_plugins().hook(scheme)
    assert classify is not None, f"no plugin of {scheme} has a hook"
    size = int(mebibytes) << 20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Connection(int(pipe)) as asked:
        asked.send_bytes(b"")
        while True:
            try:
                question = asked.recv_bytes()
            except EOFError:
                return
            signal.setitimer(signal.ITIMER_REAL, float(seconds))
            answer = _answer(scheme, classify, question, mebibytes)
            signal.setitimer(signal.ITIMER_REAL, 0)
            asked.send_bytes(answer)


def _answer(scheme: str, classify: Classify, question: bytes, mebibytes: str) -> bytes:
    try:
        return _encode(Answer(classify(decode_event(question))))
    except PluginError as error:
        return _problem(error)
    except MemoryError:
        return _problem(failure(scheme, f"needs more than {mebibytes} MiB ({MEBIBYTES})"))
    except BaseException as error:  # SystemExit, too: it is one call that fails
        return _problem(failure(scheme, f"raises {type(error).__name__}: {error}"))


def _problem(error: PluginError) -> bytes:
    return _encode(Answer(problem=str(error)[:_LONGEST_PROBLEM]))


if __name__ == "__main__":
    main(sys.argv[1:])
