"""Addresses of servers: which of them only this machine reaches."""

from __future__ import annotations

from ipaddress import ip_address


def is_local(address: str) -> bool:
    """Return whether only this machine reaches `address`: a loopback address or a unix socket."""
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
