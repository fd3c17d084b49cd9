"""What is logged of an outage of the store by those who go on trying: its begin and its end."""

from __future__ import annotations

import logging
import secrets
import threading


class Outage:
    """Outages as one part of the program meets them. Its methods may be called from any thread.

    However often it fails meanwhile, an outage is told once in a line, and once when it is over.
    """

    def __init__(
        self, failures: tuple[type[Exception], ...], log: logging.Logger, what: str
    ) -> None:  # fmt: skip
        """`failures` are the store's errors; `what` says in the log who met them."""
        self._failures, self._log, self._what = failures, log, what
        self._lock = threading.Lock()
        self._number = ""

    def tell(self, error: Exception) -> None:
        """Log why something failed: an outage once, in a line, anything else in full."""
        if isinstance(error, self._failures):
            self.begin(error)
        else:
            self._log.error("%s: trying again", self._what, exc_info=error)

    def begin(self, error: Exception) -> str:
        """Note that the store failed; return the number under which this outage is in the log."""
        with self._lock:
            is_new = not self._number
            self._number = number = self._number or secrets.token_hex(6)
        if is_new:
            said = str(error).partition("\n")[0] or type(error).__name__
            self._log.error(
                "incident %s, %s: the store cannot be used, trying again: %s",
                number, self._what, said,
            )  # fmt: skip
        self._log.debug("incident %s, %s", number, self._what, exc_info=error)
        return number

    def over(self) -> None:
        """Note that the store can be used."""
        with self._lock:
            number, self._number = self._number, ""
        if number:
            self._log.info("incident %s, %s: the store can be used again", number, self._what)
