"""The servers of tests/service."""

from tests.service.conftest import client, site, start

__all__ = ["client", "site", "start"]
