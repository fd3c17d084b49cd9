"""Nobody sees the page without the token, and not from another site."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import pytest
from tests.workbench.conftest import Bench

UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip
SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


def _get(bench: Bench, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(bench.base).netloc, timeout=10)
    try:
        connection.request(
            "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def _cookie(bench: Bench) -> str:
    path = bench.address.removeprefix(bench.base)
    return str(_get(bench, path).getheader("Set-Cookie")).partition(";")[0]


@pytest.mark.parametrize("path", ["/", "/try", "/?token=wrong", "/?token=", "/_nicegui/x"])
def test_refuses_without_the_token(bench: Bench, path: str) -> None:
    """Pages and assets are refused to whoever does not show the token."""
    assert _get(bench, path).status == 403


def test_token_becomes_a_cookie(bench: Bench) -> None:
    """The token in the address opens the page once, and moves into a cookie no script can read."""
    first = _get(bench, bench.address.removeprefix(bench.base))
    assert (first.status, first.getheader("Location")) == (303, "/")
    cookie = str(first.getheader("Set-Cookie"))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert _get(bench, "/", Cookie=cookie.partition(";")[0]).status == 200


def test_other_sites_are_refused(bench: Bench) -> None:
    """Neither another host name for this machine nor a page of another origin gets in."""
    cookie = _cookie(bench)
    assert _get(bench, "/", Cookie=cookie, Host="evil.example").status == 403
    assert _get(bench, "/", Cookie=cookie, Origin="https://evil.example").status == 403


def test_socket_is_guarded(bench: Bench) -> None:
    """The web socket, which carries everything, asks for the cookie as well."""
    assert _get(bench, SOCKET, **UPGRADE).status == 403
    assert _get(bench, SOCKET, Cookie=_cookie(bench), **UPGRADE).status == 101
