"""The web server of the page: on the loopback address only, behind its guard."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from envrules.workbench.desk import Desk
from envrules.workbench.guard import TOKEN, Guard
from envrules.workbench.todo_page import todo_page
from envrules.workbench.try_page import try_page

HOST = "127.0.0.1"
_TITLE = "envrules 工作台"


def serve(desk: Desk, port: int, ready: Callable[[str], None]) -> None:
    """Serve the pages until Ctrl-C; `ready` is told the address, token included.

    Raises:
        OSError: the port is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen()
        bound = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        ui.page("/", title=f"今日待办 · {_TITLE}")(todo_page(desk))
        ui.page("/try", title=f"模拟 · {_TITLE}")(try_page(desk))
        ui.run_with(app, language="zh-CN", show_welcome_message=False)
        config = uvicorn.Config(
            Guard(app, token, bound), log_level="warning", access_log=False,  # the log is no place for tokens
            timeout_graceful_shutdown=2,
        )  # fmt: skip
        ready(f"http://{HOST}:{bound}/?{TOKEN}={token}")
        uvicorn.Server(config).run(sockets=[listening])
