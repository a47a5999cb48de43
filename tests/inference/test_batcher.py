"""The batcher, with real threads that are held at a gate by the tests."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.inference.batcher import Batcher, Overloaded, Stopped

PATIENT = 60.0


class Machine:
    """Answers texts with their upper case, while its gate is open; fails for those that say so."""

    def __init__(self, gate_open: bool = True) -> None:
        self.gate = threading.Event()
        if gate_open:
            self.gate.set()
        self.batches: list[list[str]] = []
        self._lock = threading.Lock()
        self._begun = threading.Condition(self._lock)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        with self._lock:
            self.batches.append(list(texts))
            self._begun.notify_all()
        assert self.gate.wait(PATIENT)
        if any("fail" in text for text in texts):
            raise ArithmeticError("the machine broke")
        return [text.upper() for text in texts]

    @property
    def ran(self) -> list[str]:
        return [text for batch in self.batches for text in batch]

    async def begun(self, batches: int) -> None:
        """Wait until so many batches have begun."""

        def wait() -> bool:
            with self._lock:
                return self._begun.wait_for(lambda: len(self.batches) >= batches, PATIENT)

        assert await asyncio.to_thread(wait)


@pytest.fixture
def machine() -> Iterator[Machine]:
    made = Machine(gate_open=False)
    yield made
    made.gate.set()


@asynccontextmanager
async def batcher(
    run: Callable[[Sequence[str]], Sequence[str]], parallel: int = 1, largest: int = 4, **limits: int
) -> AsyncIterator[Batcher[str]]:
    with ThreadPoolExecutor(parallel) as executor:
        made = Batcher(run, executor, parallel=parallel, largest=lambda: largest, **limits)
        try:
            async with asyncio.timeout(PATIENT):
                yield made
        finally:
            if isinstance(run, Machine):
                run.gate.set()
            await made.aclose()


def asked(batcher: Batcher[str], *texts: str) -> list[asyncio.Task[str]]:
    return [asyncio.create_task(batcher.ask(text, PATIENT)) for text in texts]


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_waits_while_the_thread_is_busy_is_one_batch(machine: Machine) -> None:
    async with batcher(machine) as made:
        first = asked(made, "a")
        await machine.begun(1)
        rest = asked(made, "b", "c", "d", "e", "f")
        await settled()
        machine.gate.set()
        assert await asyncio.gather(*first, *rest) == ["A", "B", "C", "D", "E", "F"]
    assert machine.batches == [["a"], ["b", "c", "d", "e"], ["f"]]


async def test_a_batch_has_the_oldest_and_others_of_similar_length(machine: Machine) -> None:
    async with batcher(machine) as made:
        await settled()
        tasks = asked(made, "x")
        await machine.begun(1)
        tasks += asked(made, "s" * 10, "L" * 100, "t" * 12, "M" * 110, "u" * 15, "v" * 16)
        await settled()
        machine.gate.set()
        await asyncio.gather(*tasks)
    assert [[len(text) for text in batch] for batch in machine.batches] == [[1], [10, 12, 15], [100, 110], [16]]


async def test_what_waits_is_divided_among_free_threads(machine: Machine) -> None:
    async with batcher(machine, parallel=2) as made:
        tasks = asked(made, "a", "b")
        await machine.begun(2)
        tasks += asked(made, "c", "d", "e", "f")
        await settled()
        machine.gate.set()
        await asyncio.gather(*tasks)
    assert all(len(batch) <= 4 for batch in machine.batches)
    assert sorted(machine.ran) == list("abcdef")


async def test_the_same_text_is_run_once_while_it_waits_and_runs_and_later(machine: Machine) -> None:
    async with batcher(machine) as made:
        running = asked(made, "a", "a")
        await machine.begun(1)
        more = asked(made, "a", "b", "b")
        await settled()
        machine.gate.set()
        assert await asyncio.gather(*running, *more) == ["A", "A", "A", "B", "B"]
        assert await made.ask("a", PATIENT) == "A"
    assert machine.batches == [["a"], ["b"]]


async def test_what_was_used_least_recently_is_forgotten_first() -> None:
    machine = Machine()
    async with batcher(machine, remembered=2) as made:
        for text in ("a", "b", "a", "c", "a", "b"):
            await made.ask(text, PATIENT)
    assert machine.ran == ["a", "b", "c", "b"]


async def test_too_many_waiting_texts_are_refused_and_joining_is_not(machine: Machine) -> None:
    async with batcher(machine, capacity=2) as made:
        tasks = asked(made, "a")
        await machine.begun(1)
        tasks += asked(made, "b", "c")
        await settled()
        with pytest.raises(Overloaded):
            await made.ask("d", PATIENT)
        tasks += asked(made, "c", "a")
        await settled()
        machine.gate.set()
        assert await asyncio.gather(*tasks) == ["A", "B", "C", "C", "A"]


async def test_a_cancelled_question_is_not_run(machine: Machine) -> None:
    async with batcher(machine) as made:
        [first] = asked(made, "a")
        await machine.begun(1)
        given_up, kept, other = asked(made, "b", "c", "c")
        await settled()
        given_up.cancel()
        other.cancel()
        await settled()
        machine.gate.set()
        assert (await first, await kept) == ("A", "C")
    assert machine.ran == ["a", "c"]


async def test_a_cancelled_question_that_runs_leaves_its_answer(machine: Machine) -> None:
    async with batcher(machine) as made:
        [first] = asked(made, "a")
        await machine.begun(1)
        first.cancel()
        await settled()
        [again] = asked(made, "a")
        await settled()
        machine.gate.set()
        assert await again == "A"
    assert machine.ran == ["a"]


async def test_a_question_past_its_deadline_is_not_run(machine: Machine) -> None:
    async with batcher(machine) as made:
        [first] = asked(made, "a")
        await machine.begun(1)
        late = asyncio.create_task(made.ask("b", 0.0))
        joined = [asyncio.create_task(made.ask("c", seconds)) for seconds in (0.0, PATIENT)]
        await settled()
        machine.gate.set()
        with pytest.raises(TimeoutError):
            await late
        assert [await first, *await asyncio.gather(*joined)] == ["A", "C", "C"]
    assert machine.ran == ["a", "c"]


async def test_a_failing_batch_fails_for_all_of_it_and_for_nothing_else(machine: Machine) -> None:
    async with batcher(machine, largest=2) as made:
        tasks = asked(made, "a")
        await machine.begun(1)
        tasks += asked(made, "fail", "bbbb", "cccc", "dddd", "fail")
        await settled()
        machine.gate.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [
            str,
            ArithmeticError,
            ArithmeticError,
            str,
            str,
            ArithmeticError,
        ]
        # A failure is not an answer: the text is run again.
        assert await made.ask("bbbb", PATIENT) == "BBBB"


async def test_a_text_that_is_asked_again_when_it_failed_is_not_lost(machine: Machine) -> None:
    async with batcher(machine, largest=1) as made:

        async def ask_twice() -> str:
            try:
                return await made.ask("fail", PATIENT)
            except ArithmeticError:
                return await made.ask("fail", PATIENT)

        stubborn = [asyncio.create_task(ask_twice()) for _ in range(2)]
        await machine.begun(1)
        # When the first try ends, the thread is taken by this one, and the second try has to wait.
        tasks = [*stubborn, *asked(made, "other")]
        await settled()
        machine.gate.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ArithmeticError, ArithmeticError, str]
    assert machine.ran == ["fail", "other", "fail"]


async def test_a_machine_that_miscounts_fails() -> None:
    async with batcher(lambda texts: []) as made:
        with pytest.raises(ValueError, match="0 answers to 1 texts"):
            await made.ask("a", PATIENT)


async def test_closing_waits_for_what_runs_and_fails_what_waits(machine: Machine) -> None:
    async with batcher(machine) as made:
        [running] = asked(made, "a")
        await machine.begun(1)
        [waiting] = asked(made, "b")
        await settled()
        closing = asyncio.create_task(made.aclose())
        await settled()
        assert not closing.done()
        machine.gate.set()
        await closing
        assert await running == "A"
        with pytest.raises(Stopped):
            await waiting
        with pytest.raises(Stopped):
            await made.ask("c", PATIENT)
        await made.aclose()
    assert machine.ran == ["a"]


async def test_a_failure_that_nobody_waits_for_is_not_complained_about(machine: Machine) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    async with batcher(machine) as made:
        [alone] = asked(made, "fail")
        await machine.begun(1)
        alone.cancel()
        await settled()
        machine.gate.set()
    del alone, made
    gc.collect()
    await settled()
    assert complaints == []


Step = tuple[str, str]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "cancel", "go"]), st.sampled_from(["a", "bb", "ccc", "fail", "z" * 50])
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, parallel=st.integers(1, 3), largest=st.integers(1, 4), capacity=st.integers(1, 6))
def test_whatever_happens_each_question_gets_its_own_answer(
    steps: list[Step], parallel: int, largest: int, capacity: int
) -> None:
    async def run() -> None:
        machine = Machine(gate_open=False)
        tasks: list[tuple[str, asyncio.Task[str]]] = []
        async with batcher(machine, parallel, largest, capacity=capacity) as made:
            for step, text in steps:
                if step == "ask":
                    tasks += [(text, task) for task in asked(made, text)]
                elif step == "cancel" and tasks:
                    tasks[len(text) % len(tasks)][1].cancel()
                else:
                    machine.gate.set()
                await settled()
            machine.gate.set()
            answers = await asyncio.gather(*(task for _, task in tasks), return_exceptions=True)
            for (text, _), answer in zip(tasks, answers, strict=True):
                if isinstance(answer, str):
                    assert answer == text.upper()
                else:
                    assert isinstance(answer, asyncio.CancelledError | Overloaded | ArithmeticError)
        assert all(1 <= len(batch) <= largest for batch in machine.batches)
        assert all(machine.ran.count(text) == 1 for text in ("a",) if text in machine.ran and "fail" not in machine.ran)

    asyncio.run(run())
