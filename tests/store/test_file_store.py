"""The file store: a snapshot that follows its file and outlives a bad one."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.config.deployment import Configuration, ServerSettings
from proxy.config.problems import ConfigError
from proxy.store import FileStore, StaticStore, Store

TTL = 5.0
CONFIG = """
models: [{{model_saved_name: m, model_config: {{endpoint_url: "http://127.0.0.1:9/v1"}}}}]
policies:
  - name: p
    detectors: {{keyword_detector: {{enabled: true, banned_keywords_file: words.txt}}}}
deployments:
  - name: {name}
    model_saved_name: m
    output_guardrails_policy: {{policy_name: p, enabled: true, block: [keyword_detector]}}
api_keys: [{{name: a, key: "${{KEY}}"}}]
"""


class Bench:
    """A store over real files, with a clock that stands still until it is moved."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.path = folder / "tidegate.yaml"
        self.words = folder / "words.txt"
        self._times = itertools.count(1_000_000_000)
        self.write(CONFIG.format(name="one"))
        self.write("moonshine\n", self.words)
        self.store = FileStore(self.path, {"KEY": "k" * 16}, lambda: self.now, TTL)

    def write(self, text: str, path: Path | None = None) -> None:
        target = path or self.path
        target.write_text(text)
        # Every write gets a second of its own, whatever the file system's clock can tell apart.
        os.utime(target, (stamp := next(self._times), stamp))

    async def name(self, refresh: bool = False) -> str:
        (name,) = (await self.store.configuration(refresh)).deployments
        return name


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, logger="proxy.store"):
        yield caplog


async def test_a_snapshot_is_trusted_for_its_time(bench: Bench) -> None:
    first = await bench.store.configuration()
    bench.write(CONFIG.format(name="two"))
    bench.now += TTL - 0.001
    assert await bench.store.configuration() is first
    bench.now += 0.001
    assert await bench.name() == "two"


async def test_refresh_does_not_wait(bench: Bench) -> None:
    assert await bench.name() == "one"
    bench.write(CONFIG.format(name="two"))
    assert await bench.name(refresh=True) == "two"
    assert await bench.name() == "two"


async def test_an_unchanged_file_is_not_compiled_again(bench: Bench) -> None:
    first = await bench.store.configuration()
    bench.now += 2 * TTL
    assert await bench.store.configuration() is first
    bench.write(CONFIG.format(name="one"))  # touched only
    bench.now += 2 * TTL
    assert await bench.store.configuration() is first
    assert await bench.store.configuration(refresh=True) is first


async def test_refresh_sees_a_change_that_size_and_time_do_not_show(bench: Bench) -> None:
    assert await bench.name() == "one"
    found = os.stat(bench.path)
    bench.path.write_text(CONFIG.format(name="two"))
    os.utime(bench.path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert await bench.name(refresh=True) == "two"


async def test_a_file_that_the_configuration_names_is_followed(bench: Bench) -> None:
    first = await bench.store.configuration()
    bench.write("moonshine\nbluebird\n", bench.words)
    bench.now += TTL
    second = await bench.store.configuration()
    assert second is not first
    (enforcement,) = second.deployments["one"].output_policy.enforcements
    scanner = enforcement.detector.scanner(None)
    assert [*scanner.feed("bluebird"), *scanner.finish()]


@pytest.mark.parametrize("bad", ["models: [", CONFIG.format(name="one").replace("KEY", "NO_SUCH"), ""])
async def test_a_bad_file_is_refused_once_and_the_old_one_serves_on(
    bench: Bench, log: pytest.LogCaptureFixture, bad: str
) -> None:
    first = await bench.store.configuration()
    bench.write(bad)
    for _ in range(4):
        bench.now += TTL
        assert await bench.store.configuration() is first
        assert await bench.store.configuration(refresh=True) is first
    assert [record.levelno for record in log.records] == [logging.ERROR]
    bench.write(CONFIG.format(name="two"))
    bench.now += TTL
    assert await bench.name() == "two"


async def test_a_missing_file_is_refused_and_its_return_seen(bench: Bench, log: pytest.LogCaptureFixture) -> None:
    first = await bench.store.configuration()
    bench.path.unlink()
    for _ in range(3):
        bench.now += TTL
        assert await bench.store.configuration() is first
    assert len(log.records) == 1
    assert "cannot be read" in log.text
    bench.write(CONFIG.format(name="two"))
    bench.now += TTL
    assert await bench.name() == "two"


async def test_without_any_usable_file_the_problems_are_raised(bench: Bench, log: pytest.LogCaptureFixture) -> None:
    bench.words.unlink()
    for refresh in (False, True, False):
        with pytest.raises(ConfigError) as caught:
            await bench.store.configuration(refresh)
        assert len(caught.value.problems) == 1
    assert len(log.records) == 1
    bench.write("moonshine", bench.words)
    assert await bench.name() == "one"


async def test_requests_at_once_share_one_load(bench: Bench, log: pytest.LogCaptureFixture) -> None:
    await bench.store.configuration()
    bench.write(CONFIG.format(name="two"))
    bench.now += TTL
    found = await asyncio.gather(*(bench.store.configuration(index % 2 == 0) for index in range(30)))
    assert len({id(configuration) for configuration in found}) == 1
    assert [record.message for record in log.records] == ["configuration reloaded"]


async def test_a_request_that_gives_up_takes_nobody_along(bench: Bench) -> None:
    await bench.store.configuration()
    bench.write(CONFIG.format(name="two"))
    bench.now += TTL
    impatient = asyncio.create_task(bench.store.configuration())
    patient = asyncio.create_task(bench.store.configuration())
    await asyncio.sleep(0)
    impatient.cancel()
    assert list((await patient).deployments) == ["two"]
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_keys_cannot_be_taken_off_a_running_server(bench: Bench, log: pytest.LogCaptureFixture) -> None:
    first = await bench.store.configuration()
    head, _, _ = CONFIG.format(name="two").partition("api_keys")
    bench.write(head + "server: {allow_anonymous: true}\n")
    bench.now += TTL
    assert await bench.store.configuration() is first
    assert "server.allow_anonymous" in log.text


async def test_a_static_store_never_changes() -> None:
    configuration = Configuration({}, (), ServerSettings())
    store: Store = StaticStore(configuration)
    assert await store.configuration() is configuration
    assert await store.configuration(refresh=True) is configuration
