"""The workshop: which backend a detector gets, and that models are shared and go when they should."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from proxy.config.backends import (
    DetectorServiceSettings,
    JudgeBackendSettings,
    ModerationSettings,
    OnnxSettings,
)
from proxy.config.deployment import UpstreamModel
from proxy.guard.checks import Brief, Exchange
from proxy.guard.detectors.pii import Pii
from proxy.inference.batcher import Stopped
from proxy.inference.local import OnnxModel, classification
from proxy.inference.onnx_directory import describe_directory
from proxy.inference.workshop import Workshop
from proxy.upstream.client import UpstreamClient
from tests.inference.services import always, serving
from tests.inference.small_models import features, names, two_labels

BRIEF = Brief("Is it?", {"type": "object", "properties": {"is": {"type": "boolean"}}, "required": ["is"]})
JUDGE = JudgeBackendSettings(
    name="judge", model=UpstreamModel("http://127.0.0.1:9/v1", "m"), options=(("timeout", 3.0),)
)
MODERATION = ModerationSettings(name="mod", url="http://127.0.0.1:9/moderations")


@pytest.fixture
async def workshop(tmp_path: Path) -> AsyncIterator[Workshop]:
    two_labels(tmp_path / "models" / "safety")
    names(tmp_path / "models" / "names")
    made = Workshop(UpstreamClient(), tmp_path / "models", threads=2)
    yield made
    await made.aclose()


async def test_a_local_model_answers(workshop: Workshop) -> None:
    backends = workshop.open({})
    reading = await backends.classifier("toxicity", None).read("bad", Exchange())
    assert reading.scores["bad"] > 0.8
    [entity, *_] = (await backends.classifier("pii", None).read("met Ann", Exchange())).entities
    assert (entity.start, entity.end) == (4, 7)


async def test_many_streams_at_once_get_their_own_answers(workshop: Workshop, tmp_path: Path) -> None:
    texts = ["bad " * (number % 5) + "good " * (number % 7) + "and " * number for number in range(40)]
    backend = workshop.open({}).classifier("nsfw", None)
    together = await asyncio.gather(*(backend.read(text, Exchange()) for text in texts))
    single = OnnxModel(describe_directory(tmp_path / "models" / "safety"))
    alone = [single.read([text], classification)[0] for text in texts]
    assert [reading.scores for reading in together] == [pytest.approx(reading.scores) for reading in alone]


async def test_detectors_and_configurations_share_a_model_until_its_files_change(
    workshop: Workshop, tmp_path: Path
) -> None:
    folder = tmp_path / "models" / "safety"
    before = workshop.batcher(describe_directory(folder))
    kept = workshop.open({}).classifier("toxicity", None)
    assert workshop.batcher(describe_directory(folder)) is before
    (folder / "config.json").write_text('{"id2label": {"0": "a", "1": "b"}}')
    assert workshop.batcher(describe_directory(folder)) is not before
    assert "bad" in (await kept.read("bad", Exchange())).scores


async def test_a_model_goes_with_the_last_configuration_that_uses_it(workshop: Workshop, tmp_path: Path) -> None:
    backend = workshop.open({}).classifier("toxicity", None)
    await backend.read("bad", Exchange())
    model = weakref.ref(workshop.batcher(describe_directory(tmp_path / "models" / "safety")))
    gc.collect()
    assert model() is not None
    del backend
    gc.collect()
    assert model() is None


async def test_closing_stops_the_models(workshop: Workshop) -> None:
    backend = workshop.open({}).classifier("toxicity", None)
    await backend.read("bad", Exchange())
    await workshop.aclose()
    with pytest.raises(Stopped):
        await backend.read("good", Exchange())


def test_a_missing_model_is_refused_with_the_remedy(workshop: Workshop) -> None:
    with pytest.raises(ValueError, match=r"injection_attack.*pip install 'tidegate\[models\]'.*`tidegate models`"):
        workshop.open({}).classifier("injection_attack", None)
    with pytest.raises(ValueError, match=r"similarity.*`tidegate models`"):
        workshop.open({}).similarity(lambda exchange: [])


def test_a_detector_without_a_local_model_needs_a_name(workshop: Workshop) -> None:
    with pytest.raises(ValueError, match="backend: there is no local model for `bias`"):
        workshop.open({}).classifier("bias", None)


def test_a_model_for_something_else_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    vectors = OnnxSettings(name="vectors", path=features(tmp_path / "vectors"))
    backends = workshop.open({"vectors": vectors, "names": OnnxSettings(name="names", path=tmp_path / "models/names")})
    for detector, name in (("toxicity", "vectors"), ("toxicity", "names"), ("pii", "vectors")):
        with pytest.raises(ValueError, match=f"backend: `{name}`: .* is needed"):
            backends.classifier(detector, name)
    assert backends.classifier("pii", "names")


async def test_an_operators_model_and_its_timeout(workshop: Workshop, tmp_path: Path) -> None:
    settings = OnnxSettings(name="own", path=two_labels(tmp_path / "own"), timeout=1.5)
    backend = workshop.open({"own": settings}).classifier("injection_attack", "own")
    assert backend.timeout == 1.5
    assert (await backend.read("good", Exchange())).scores["good"] > 0.8


async def test_a_service_is_asked_over_http(tmp_path: Path) -> None:
    found = {"start": 0, "end": 3, "detection": "x", "detection_type": "y", "score": 0.5}
    async with serving(always([[found]])) as service, UpstreamClient() as client:
        workshop = Workshop(client, tmp_path)
        backends = workshop.open({"hap": DetectorServiceSettings(name="hap", url=service.url, timeout=4.0)})
        backend = backends.classifier("toxicity", "hap")
        assert (await backend.read("abc", Exchange())).scores == {"x": 0.5, "y": 0.5}
        assert backend.timeout == 4.0
        assert backends.classifier("nsfw", "hap") is backend
        await workshop.aclose()


def test_the_only_judge_needs_no_name(workshop: Workshop) -> None:
    backends = workshop.open({"mod": MODERATION, "judge": JUDGE})
    assert backends.judge(BRIEF, None).timeout == 3.0
    assert backends.judge(BRIEF, "judge").timeout == 3.0


def test_judges_and_classifiers_are_not_mixed_up(workshop: Workshop) -> None:
    backends = workshop.open({"mod": MODERATION, "judge": JUDGE})
    with pytest.raises(ValueError, match="backend: `mod` is no judge"):
        backends.judge(BRIEF, "mod")
    with pytest.raises(ValueError, match="backend: `judge` is a judge"):
        backends.classifier("toxicity", "judge")


def test_what_names_no_entities_is_refused_for_names(workshop: Workshop) -> None:
    backends = workshop.open({"mod": MODERATION})
    assert backends.classifier("toxicity", "mod")
    with pytest.raises(ValueError, match="backend: `mod` is of kind moderation"):
        Pii.from_config({"entities": ["person"], "backend": "mod"}, backends)


def test_several_judges_have_to_be_named(workshop: Workshop) -> None:
    with pytest.raises(ValueError, match="backend: a judge is needed; add one"):
        workshop.open({"mod": MODERATION}).judge(BRIEF, None)
    with pytest.raises(ValueError, match="backend: a judge is needed; name one of judge, other"):
        workshop.open({"judge": JUDGE, "other": JUDGE}).judge(BRIEF, None)


def test_unknown_and_refused_names(workshop: Workshop) -> None:
    backends = workshop.open({"mod": MODERATION, "bad": None})
    with pytest.raises(ValueError, match="backend: there is no backend `mud`; known: mod, bad"):
        backends.classifier("toxicity", "mud")
    with pytest.raises(ValueError, match="backend: `bad` has problems of its own"):
        backends.classifier("toxicity", "bad")


def test_a_missing_index_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        workshop.open({}).fingerprints(str(tmp_path / "none"))
