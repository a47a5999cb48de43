"""Shared answers: what is kept, for how long, and whose work ends when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.inference.sharing import SharedAnswers


class Desk:
    """Counts what is worked on, and ends work when it is told to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.gate = asyncio.Event()
        self.now = 0.0

    def work(self, key: str, error: Exception | None = None) -> Callable[[], Coroutine[Any, Any, str]]:
        async def run() -> str:
            self.begun.append(key)
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled.append(key)
                raise
            if error is not None:
                raise error
            return key.upper()

        return run


async def turns() -> None:
    """Let everything that is ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


@given(
    st.integers(0, 4),
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 3)), max_size=30),
)
def test_the_answers_used_last_are_kept_for_their_time(entries: int, asked: list[tuple[str, int]]) -> None:
    async def run() -> None:
        desk = Desk()
        desk.gate.set()
        answers: SharedAnswers[str] = SharedAnswers(entries, 5.0, lambda: desk.now)
        model: dict[str, float] = {}
        for key, seconds in asked:
            desk.now += seconds
            expected = key in model and desk.now < model[key]
            before = len(desk.begun)
            assert await answers.get(key, desk.work(key)) == key.upper()
            assert (len(desk.begun) == before) is expected
            until = model.pop(key) if expected else desk.now + 5.0
            model.pop(key, None)
            model[key] = until
            while len(model) > entries:
                del model[next(iter(model))]
            assert len(answers) <= entries

    asyncio.run(run())


async def test_nothing_is_kept_without_time() -> None:
    desk = Desk()
    desk.gate.set()
    answers: SharedAnswers[str] = SharedAnswers(10, 0.0, lambda: 0.0)
    await answers.get("a", desk.work("a"))
    await answers.get("a", desk.work("a"))
    assert (desk.begun, len(answers)) == (["a", "a"], 0)


async def test_all_who_ask_the_same_share_one_flight_and_its_failure() -> None:
    desk = Desk()
    answers: SharedAnswers[str] = SharedAnswers(10, 9.0, lambda: 0.0)
    tasks = [asyncio.create_task(answers.get("a", desk.work("a", OSError("no")))) for _ in range(3)]
    await turns()
    desk.gate.set()
    assert [type(error) for error in await asyncio.gather(*tasks, return_exceptions=True)] == [OSError] * 3
    assert desk.begun == ["a"]
    assert await answers.get("a", desk.work("a")) == "A"


@pytest.mark.parametrize("leaving", [[0], [1], [0, 1], [1, 2]])
async def test_work_goes_on_while_anybody_waits(leaving: list[int]) -> None:
    desk = Desk()
    answers: SharedAnswers[str] = SharedAnswers(10, 9.0, lambda: 0.0)
    tasks = [asyncio.create_task(answers.get("a", desk.work("a"))) for _ in range(3)]
    await turns()
    for index in leaving:
        tasks[index].cancel()
    await turns()
    desk.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    staying = [result for index, result in enumerate(results) if index not in leaving]
    assert staying == ["A"] * (3 - len(leaving))
    assert (desk.begun, desk.cancelled) == (["a"], [])


async def test_work_that_nobody_waits_for_ends_and_the_next_one_begins_anew() -> None:
    desk = Desk()
    answers: SharedAnswers[str] = SharedAnswers(10, 9.0, lambda: 0.0)
    task = asyncio.create_task(answers.get("a", desk.work("a")))
    await turns()
    task.cancel()
    await asyncio.wait([task])
    # The old work has not noticed yet; nobody may be seated in it.
    again = asyncio.create_task(answers.get("a", desk.work("a")))
    await turns()
    desk.gate.set()
    assert await again == "A"
    assert (desk.begun, desk.cancelled) == (["a", "a"], ["a"])


async def test_closing_ends_what_is_under_way() -> None:
    desk = Desk()
    answers: SharedAnswers[str] = SharedAnswers(10, 9.0, lambda: 0.0)
    task = asyncio.create_task(answers.get("a", desk.work("a")))
    await turns()
    await answers.aclose()
    await asyncio.wait([task])
    assert (task.cancelled(), desk.cancelled) == (True, ["a"])
