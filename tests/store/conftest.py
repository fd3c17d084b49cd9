"""A store for each test."""

from collections.abc import Callable, Iterator

import pytest

from envrules.store import Store


@pytest.fixture
def store_url(new_url: Callable[[], str]) -> str:
    """The URL of a database without tables."""
    return new_url()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with the localities `gaoling` and `liuhu`."""
    with Store.open(database_url) as opened:
        opened.create_locality("gaoling", "高陵", "Asia/Shanghai", 1)
        opened.create_locality("liuhu", "柳湖", "Asia/Shanghai", 2)
        yield opened
