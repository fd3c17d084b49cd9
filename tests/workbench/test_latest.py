"""Questions that come faster than answers."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from envrules.workbench.simulation import Latest


def test_last_question_is_answered_last_and_those_between_are_passed_over() -> None:
    """While one answer is being made only the last question waits; nothing is answered twice."""
    asked: list[int] = []
    shown: list[tuple[int, int]] = []
    go_on = threading.Event()

    def answer(question: int) -> int:
        asked.append(question)
        assert go_on.wait(10)
        return question * 10

    async def show(question: int, found: int) -> None:
        shown.append((question, found))

    async def drag() -> None:
        latest = Latest(answer, show)
        first = asyncio.create_task(latest.ask(1))
        while not asked:
            await asyncio.sleep(0.001)
        for question in (2, 3, 4):
            await latest.ask(question)
        go_on.set()
        await first

    with ThreadPoolExecutor(1) as pool:  # a browser of other tests may have a loop in this thread
        pool.submit(lambda: asyncio.run(drag())).result()
    assert asked == [1, 4]
    assert shown == [(1, 10), (4, 40)]
