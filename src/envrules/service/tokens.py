"""Bearer tokens: how they are made, and the file that says what each of them may do.

    envrules_<id>_<secret>

The id is public: lists, logs and the file name a token by it. The secret has 256 random bits and is
shown once; the file holds its SHA-256 only. Such a secret cannot be guessed, so a slow hash would
protect nothing and cost every call.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from envrules.model.base import Frozen, Instant
from envrules.service.fields import SLUG
from envrules.service.refreshed import BadFile
from envrules.wire.problems import Invalid
from envrules.wire.times import parse_instant

Role: TypeAlias = Literal["submit", "read", "operate", "approve", "administer"]

PREFIX = "envrules"
RESERVED = frozenset({"local", "serve"})
"""Principals of the server itself: what it publishes by itself, and callers without a name."""
AT_ONCE = 2
"""Valid tokens of one principal: the one in use, and the one that replaces it."""
MAX_BYTES = 10_000_000
EVERY_LOCALITY: Literal["all"] = "all"


class Token(Frozen):
    """What is kept of a token."""

    id: str
    principal: str
    roles: tuple[Role, ...]
    localities: tuple[str, ...] | Literal["all"]
    sha256: str
    created: str
    """RFC 3339."""
    expires: str = ""
    """RFC 3339; empty: never."""

    @property
    def ends(self) -> Instant | None:
        """When it ceases to be valid."""
        return parse_instant(self.expires, None) if self.expires else None

    def is_valid(self, now: Instant) -> bool:
        """Return whether it has not expired."""
        ends = self.ends
        return ends is None or now < ends

    def opens_with(self, secret: str) -> bool:
        """Return whether this is its secret, in the same time whatever is wrong with it."""
        return hmac.compare_digest(_hashed(secret), self.sha256)


class _File(Frozen):
    tokens: tuple[Token, ...] = ()


def new_secret() -> tuple[str, str, str]:
    """Return the id of a new token, its whole text, and what the file keeps of it."""
    name, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    return name, f"{PREFIX}_{name}_{secret}", _hashed(secret)


def parts_of(text: str) -> tuple[str, str]:
    """Return id and secret of the text of a token; empty ones if it is no such text."""
    prefix, _, rest = text.partition("_")
    name, _, secret = rest.partition("_")
    return (name, secret) if prefix == PREFIX else ("", "")


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


# ── the file ──


def read_tokens(file: Path) -> Mapping[str, Token]:
    """Return the tokens of a file by id.

    Raises:
        BadFile: it is not there, others than its owner may read or write it, or it says nonsense.
    """
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadFile(f"{file}: {error.strerror}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadFile(f"{file}: others than its owner may use it: chmod 600 {file}")
    if len(raw) > MAX_BYTES:
        raise BadFile(f"{file}: more than {MAX_BYTES} bytes")
    try:
        found = msgspec.json.decode(raw, type=_File).tokens
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFile(f"{file}: not a file of tokens: {error}") from None
    for i, token in enumerate(found):
        if problem := _problem(token):
            raise BadFile(f"{file}: tokens[{i}]: {problem}")
    by_id = {token.id: token for token in found}
    if len(by_id) < len(found):
        raise BadFile(f"{file}: two tokens have one id")
    return by_id


def _problem(token: Token) -> str:
    """Return what is wrong with an entry of the file; empty: nothing."""
    try:
        SLUG.read(token.principal)
        for locality in () if token.localities == EVERY_LOCALITY else token.localities:
            SLUG.read(locality)
        parse_instant(token.created, None)
        _ = token.ends
    except Invalid as error:
        return error.problems[0].message
    if token.principal in RESERVED:
        return f"the principal {token.principal} is the server's own"
    if not token.roles or not token.localities:
        return "it has no roles or no localities"
    if not token.id.isalnum():
        return "its id must be letters and digits"
    if len(token.sha256) != 64 or set(token.sha256) - set("0123456789abcdef"):
        return "its sha256 must be 64 hexadecimal digits"
    return ""


def write_tokens(file: Path, tokens: Mapping[str, Token]) -> None:
    """Replace the file in one step: who reads it sees all of the old or all of the new one."""
    text = msgspec.json.format(msgspec.json.encode(_File(tuple(tokens.values()))), indent=2)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(text + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
        fresh.replace(file)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@contextmanager
def editing(file: Path) -> Iterator[dict[str, Token]]:
    """Give the tokens of a file, none if it is not there yet, and write back what becomes of them.

    Two edits at a time wait for each other; an edit that raises changes nothing.

    Raises:
        BadFile: as `read_tokens`.
    """
    try:
        folder = os.open(file.parent, os.O_RDONLY)
    except OSError as error:
        raise BadFile(f"{file.parent}: {error.strerror}") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        before = dict(read_tokens(file)) if file.exists() else {}
        after = dict(before)
        yield after
        if after != before:
            write_tokens(file, after)
    finally:
        os.close(folder)
