"""The tap sees what it is there to see: otherwise none of the other tests would prove that nothing leaks."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from tests.conformance.gateway import EMAIL, FORBIDDEN, KEY, MESSAGES, SAID
from tests.conformance.scripted_model import ScriptedModel
from tests.conformance.wire import Wire, tap


@pytest.fixture
def wire(tidegate_port: int) -> Iterator[Wire]:
    with tap(tidegate_port) as wire:
        yield wire


def post(wire: Wire, **fields: object) -> None:
    body = json.dumps({"model": "observe", "messages": MESSAGES} | fields).encode()
    headers = {"apikey": KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{wire.url}/v1/chat/completions", body, headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        response.read()


@pytest.mark.parametrize("cut", [1, 4, 1000])
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_a_deployment_that_only_observes_leaks_everything(
    wire: Wire, served_model: ScriptedModel, streamed: bool, cut: int
) -> None:
    served_model.says(SAID.upper(), cut=cut)
    post(wire, stream=streamed)
    assert wire.leaks(FORBIDDEN) == list(FORBIDDEN)


def test_a_leak_of_one_choice_is_found_between_those_of_another(wire: Wire, served_model: ScriptedModel) -> None:
    served_model.says(f"Write to {EMAIL}. ", reasoning="nothing of interest, at some length", cut=1)
    post(wire, stream=True)
    assert wire.leaks(FORBIDDEN) == [EMAIL]


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_log_probabilities_are_read(wire: Wire, served_model: ScriptedModel, streamed: bool) -> None:
    served_model.says(SAID, cut=2)
    post(wire, stream=streamed, logprobs=True)
    (response,) = wire.responses
    # Once as content, once as tokens, once as their bytes.
    assert sum(text == SAID for text in response.texts()) >= 3
