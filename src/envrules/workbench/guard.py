"""Who may see the page: this machine's browser, with the token that was printed at the start."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN = "token"
"""Query parameter that carries the token once; a cookie does afterwards."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """Lets through what shows the token. Pages of other sites cannot: neither host nor cookie fit."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._cookie = f"envrules_workbench_{port}"  # cookies do not tell ports apart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if _is_local(connection) and self._is_known(connection):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._answer(connection)(scope, receive, send)

    def _is_known(self, connection: HTTPConnection) -> bool:
        return self._fits(connection.cookies.get(self._cookie, ""))

    def _fits(self, shown: str) -> bool:
        return secrets.compare_digest(shown.encode(), self._token.encode())

    def _answer(self, connection: HTTPConnection) -> Response:
        """Take the token out of the address, where it would be seen, into a cookie."""
        if _is_local(connection) and self._fits(connection.query_params.get(TOKEN, "")):
            answer = RedirectResponse(connection.url.path, status_code=303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return answer
        return PlainTextResponse(
            "没有访问权限：请用 envrules workbench 启动时给出的完整网址打开。", status_code=403
        )


def _is_local(connection: HTTPConnection) -> bool:
    """Return whether the browser asked this machine by its own name, from a page of ours."""
    host = connection.headers.get("host", "")
    origin = connection.headers.get("origin")
    if urlsplit(f"//{host}").hostname not in _LOOPBACK:
        return False
    return origin is None or urlsplit(origin).netloc == host
