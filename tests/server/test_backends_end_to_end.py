"""Backends of every kind in a configuration file, over real sockets, and what a new file does while streams run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from proxy.events import Checked
from tests.server.test_awaited_streams import finish_reasons, section_of
from tests.support.frames import DONE, said
from tests.support.gates import PATIENCE
from tests.support.installations import installed, require_models
from tests.support.judge import Asked, judge_server
from tests.support.proxies import KEY, Proxy, ask
from tests.support.upstreams import Connection, Upstream, delta, upstream

HEADERS = {"apikey": KEY, "X-Enkrypt-Deployment": "chat"}
BAD, GOOD = "you stupid worthless idiot, everybody hates you", "a quiet garden behind the old house"


@dataclass
class Answers:
    """What a classifier service says, and what it was asked."""

    moderation: Callable[[str], float] = lambda text: 0.99 if "idiot" in text else 0.01
    broken: bool = False
    asked: int = 0


@contextlib.asynccontextmanager
async def services(answers: Answers) -> AsyncIterator[str]:
    """A moderation endpoint and a detector server at one base URL."""

    async def moderate(request: web.Request) -> web.StreamResponse:
        answers.asked += 1
        if answers.broken:
            assert request.transport is not None
            request.transport.abort()
        text = (await request.json())["input"]
        score = answers.moderation(text if isinstance(text, str) else text[0])
        result = {"flagged": score > 0.5, "categories": {}, "category_scores": {"harassment": score, "sexual": 0.0}}
        return web.json_response({"id": "m", "model": "m", "results": [result]})

    async def contents(request: web.Request) -> web.StreamResponse:
        answers.asked += 1
        assert request.headers["detector-id"] == "hap"
        [text] = (await request.json())["contents"]
        found = {"start": 0, "end": len(text), "text": text, "detection": "toxicity", "detection_type": "hap"}
        return web.json_response([[found | {"score": answers.moderation(text)}]])

    app = web.Application()
    app.router.add_post("/v1/moderations", moderate)
    app.router.add_post("/api/v1/text/contents", contents)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def document(base: str, backends: list[Any], detectors: Mapping[str, Any], **output: Any) -> str:
    model = {"model_provider": "openai_compatible"}
    return json.dumps(
        {
            "models": [
                {
                    "model_saved_name": "chat",
                    "model_name": "m",
                    "model_config": {**model, "endpoint_url": "${MODEL}/v1"},
                },
                {"model_saved_name": "judge", "model_config": {**model, "endpoint_url": f"{base}/v1"}},
            ],
            "backends": backends,
            "policies": [{"name": "p", "detectors": detectors}],
            "deployments": [
                {
                    "name": "chat",
                    "model_saved_name": "chat",
                    "output_guardrails_policy": {"enabled": True, "policy_name": "p", **output},
                }
            ],
            "api_keys": [{"name": "tests", "key": KEY}],
        }
    )


@contextlib.asynccontextmanager
async def serving(folder: Path, text: str, model: Upstream) -> AsyncIterator[Proxy]:
    (folder / "tidegate.yaml").write_text(text)
    async with installed(folder / "tidegate.yaml", {"MODEL": model.base_url}) as proxy:
        yield proxy


async def says(connection: Connection) -> None:
    """A model that says what it is asked to."""
    messages: Any = connection.json["messages"]
    await connection.events(delta(messages[-1]["content"]), delta(finish="stop"))


async def stream(proxy: Proxy, text: str) -> bytes:
    async with asyncio.timeout(PATIENCE * 2):
        wanted = ask(messages=[{"role": "user", "content": text}])
        async with proxy.post(body=wanted, headers=HEADERS) as response:
            return await response.read()


async def assert_tells_good_from_bad(proxy: Proxy) -> None:
    assert said(await stream(proxy, GOOD)) == GOOD
    body = await stream(proxy, BAD)
    assert finish_reasons(body) == ["content_filter"]
    assert b"idiot" not in body
    assert section_of(body)["summary"]["toxicity"]


MODERATION = {"name": "mod", "kind": "moderation"}
SERVICE = {"name": "hap", "kind": "http", "detector_id": "hap"}


@pytest.mark.parametrize("kind", ["moderation", "http"])
async def test_services(tmp_path: Path, kind: str) -> None:
    answers = Answers()
    async with services(answers) as base, upstream(says) as model:
        backend = {**MODERATION, "url": f"{base}/v1/moderations"} if kind == "moderation" else {**SERVICE, "url": base}
        toxicity = {"enabled": True, "backend": backend["name"]}
        async with serving(
            tmp_path, document(base, [backend], {"toxicity": toxicity}, block=["toxicity"]), model
        ) as proxy:
            await assert_tells_good_from_bad(proxy)
    assert answers.asked


@pytest.mark.parametrize("on_error", ["block", "allow"])
async def test_a_service_that_dies(tmp_path: Path, on_error: str) -> None:
    answers = Answers(broken=True)
    async with services(answers) as base, upstream(says) as model:
        toxicity = {"enabled": True, "backend": "mod"}
        text = document(
            base, [{**MODERATION, "url": f"{base}/v1/moderations"}], {"toxicity": toxicity}, block=["toxicity"]
        )
        entry = json.loads(text)
        entry["deployments"][0]["on_error"] = on_error
        async with serving(tmp_path, json.dumps(entry), model) as proxy:
            body = await stream(proxy, GOOD)
            assert finish_reasons(body) == ["content_filter" if on_error == "block" else "stop"]
            assert (GOOD in said(body)) is (on_error == "allow")
            assert [checked.answered for checked in proxy.recorder.all(Checked)] == [False]
            # It may come back.
            answers.broken = False
            assert said(await stream(proxy, GOOD)) == GOOD


async def test_a_model_in_a_directory(tmp_path: Path) -> None:
    shutil.copytree(require_models("safety") / "safety", tmp_path / "models" / "better")
    backends = [{"name": "better", "kind": "onnx", "path": "models/better"}]
    detectors = {"toxicity": {"enabled": True, "backend": "better"}}
    async with upstream(says) as model:
        text = document("http://127.0.0.1:9", backends, detectors, block=["toxicity"])
        async with serving(tmp_path, text, model) as proxy:
            await assert_tells_good_from_bad(proxy)


def forbids_gardens(asked: Asked) -> dict[str, object]:
    bad = "garden" in asked.text
    clauses = ["P1"] if bad else []
    return {"explanation": "because", "policy_violated": bad, "violated_clauses": clauses, "most_unsafe_content": ""}


JUDGED = [{"name": "judge", "kind": "judge", "model_saved_name": "judge"}]
POLICY = {"policy_violation": {"enabled": True, "policy_text": "Gardens must not be mentioned."}}


async def test_a_judge(tmp_path: Path) -> None:
    async with judge_server(forbids_gardens) as judge, upstream(says) as model:
        base = judge.url.removesuffix("/v1/chat/completions")
        async with serving(tmp_path, document(base, JUDGED, POLICY, block=["policy_violation"]), model) as proxy:
            body = await stream(proxy, GOOD)
            assert finish_reasons(body) == ["content_filter"]
            assert section_of(body)["details"]["policy_violation"]["violating_policy"].startswith("Gardens must not")
            assert said(await stream(proxy, "Nothing of the kind.")) == "Nothing of the kind."
            asked = len(judge.asked)
            await stream(proxy, GOOD)
            assert len(judge.asked) == asked


async def test_a_judge_that_makes_no_sense_is_a_failure(tmp_path: Path) -> None:
    async with judge_server(lambda asked: "Looks fine to me!") as judge, upstream(says) as model:
        base = judge.url.removesuffix("/v1/chat/completions")
        async with serving(tmp_path, document(base, JUDGED, POLICY, block=["policy_violation"]), model) as proxy:
            body = await stream(proxy, "Nothing of the kind.")
            assert finish_reasons(body) == ["content_filter"]
            assert b"kind" not in body


async def test_streams_keep_their_backends_when_the_file_changes(tmp_path: Path) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hesitating(asked: Asked) -> dict[str, object]:
        begun.set()
        await go_on.wait()
        return forbids_gardens(asked)

    async with judge_server(hesitating) as old, judge_server(forbids_gardens) as new, upstream(says) as model:
        bases = [judge.url.removesuffix("/v1/chat/completions") for judge in (old, new)]
        text = document(bases[0], JUDGED, POLICY, block=["policy_violation"])
        async with serving(tmp_path, text, model) as proxy:
            running = asyncio.ensure_future(stream(proxy, GOOD))
            async with asyncio.timeout(PATIENCE):
                await begun.wait()
            (tmp_path / "tidegate.yaml").write_text(text.replace(bases[0], bases[1]) + "\n")
            body = await stream(proxy, GOOD)
            assert finish_reasons(body) == ["content_filter"]
            assert (len(old.asked), len(new.asked)) == (1, 1)
            assert not running.done()
            go_on.set()
            body = await running
            assert finish_reasons(body) == ["content_filter"]
            assert body.endswith(DONE)
            assert (len(old.asked), len(new.asked)) == (1, 1)


async def test_a_file_whose_backend_cannot_be_had_is_refused_while_the_old_one_serves_on(tmp_path: Path) -> None:
    async with judge_server(forbids_gardens) as judge, upstream(says) as model:
        base = judge.url.removesuffix("/v1/chat/completions")
        text = document(base, JUDGED, POLICY, block=["policy_violation"])
        async with serving(tmp_path, text, model) as proxy:
            assert finish_reasons(await stream(proxy, GOOD)) == ["content_filter"]
            (tmp_path / "tidegate.yaml").write_text(text.replace('"kind": "judge"', '"kind": "onnx", "path": "none"'))
            assert finish_reasons(await stream(proxy, GOOD)) == ["content_filter"]
            assert finish_reasons(await stream(proxy, "Nothing.")) == ["stop"]
