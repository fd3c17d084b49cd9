"""The gRPC server: thin shells, one module per service of `proto/envrules/v1`.

    request → fields checked → runtime or engine → message

A servicer raises what is wrong; `guard` turns it into a status. It never reads the wall clock
but through the runtime, and knows the caller only through `principal`.
"""

from envrules.service.config import ConfigError, ServerConfig
from envrules.service.server import Server, build_server

__all__ = ["ConfigError", "Server", "ServerConfig", "build_server"]
