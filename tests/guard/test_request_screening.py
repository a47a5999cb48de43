"""What of a request is judged, what is rewritten, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Judged, Policy, Unseen
from proxy.guard.request_texts import UnseenContent
from proxy.guard.screening import Screening
from tests.guard.fakes import FailingDetector
from tests.guard.screens import screen

Json = dict[str, Any]


def policy(action: Action, **settings: Any) -> Policy:
    return Policy("p", (Enforcement(KeywordDetector(["ban"]), action),), **settings)


def conversation(**texts: str) -> Json:
    return {"messages": [{"role": role.rstrip("_"), "content": text} for role, text in texts.items()]}


EARLIER = [
    conversation(system="ban", user="hi"),
    conversation(user_="ban", assistant="hm", user="hi"),
    conversation(user="hi", assistant="ban"),
]


@pytest.mark.parametrize("body", EARLIER)
def test_only_the_last_message_of_the_user_is_judged_unless_all_are_asked_for(body: Json) -> None:
    assert not screen(body, policy(Action.BLOCK)).blocked
    assert screen(body, policy(Action.BLOCK, judged=Judged.ALL)).blocked
    assert screen(conversation(user_="hi", user="ban"), policy(Action.BLOCK)).blocked


def test_without_a_message_of_the_user_everything_is_judged() -> None:
    assert screen(conversation(system="hi", assistant="ban"), policy(Action.BLOCK)).blocked


@pytest.mark.parametrize("body", EARLIER)
def test_redaction_reaches_every_message(body: Json) -> None:
    screened = screen(body, policy(Action.REDACT))
    assert "ban" not in str(screened.body["messages"])
    assert "ban" in str(body["messages"])


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "file", "file": {"file_id": "f"}},
        {"type": "invented later", "text": "hi"},
        {"text": "hi"},
    ],
)
def test_a_part_that_cannot_be_read_is_named_under_an_enforcing_policy(part: Json) -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, part]}]}
    with pytest.raises(UnseenContent) as refused:
        screen(body, policy(Action.BLOCK))
    assert refused.value.param == "messages[0].content[1]"
    assert screen(body, policy(Action.BLOCK, unseen=Unseen.ALLOW)).body["messages"] == body["messages"]
    assert screen(body, policy(Action.OBSERVE)).body["messages"] == body["messages"]


def test_an_earlier_answer_in_sound_cannot_be_read_either() -> None:
    body = {"messages": [{"role": "assistant", "audio": {"id": "a"}}, {"role": "user", "content": "hi"}]}
    with pytest.raises(UnseenContent) as refused:
        screen(body, policy(Action.REDACT))
    assert refused.value.param == "messages[0].audio"


def test_a_failure_is_told_from_a_verdict() -> None:
    failing, finding = FailingDetector("!"), KeywordDetector(["ban"])

    def screened(*enforcements: Enforcement, text: str) -> Screening:
        messages = [{"role": "user", "content": text}]
        return screen({"messages": messages}, Policy("p", enforcements))

    unjudged = screened(Enforcement(failing, Action.BLOCK), text="oh!")
    assert (unjudged.blocked, unjudged.unjudged, unjudged.failures) == (True, True, [failing.name])
    judged = screened(Enforcement(failing, Action.OBSERVE), Enforcement(finding, Action.BLOCK), text="oh! ban")
    assert (judged.blocked, judged.unjudged, judged.failures) == (True, False, [failing.name])


@given(st.integers(1, 9), st.booleans())
def test_a_word_cut_into_parts_is_still_a_word(at: int, later: bool) -> None:
    text = "a bannable"
    parts = [{"type": "text", "text": piece} for piece in (text[:at], text[at:])]
    body = {"messages": [{"role": "user", "content": parts}, *([{"role": "assistant", "content": "hm"}] * later)]}
    blocking = Policy("p", (Enforcement(KeywordDetector(["bannable"]), Action.BLOCK),))
    screening = screen(body, blocking)
    assert screening.blocked
    assert [finding.placeholder for finding in screening.findings] == ["[KEYWORD_1]"]
    assert screen(body, policy(Action.BLOCK)).blocked is (at == 5)


def test_parts_are_redacted_one_by_one() -> None:
    parts = [{"type": "text", "text": "ban"}, {"type": "text", "text": " ban"}]
    sent = screen({"messages": [{"role": "user", "content": parts}]}, policy(Action.REDACT)).body
    assert [part["text"] for part in sent["messages"][0]["content"]] == ["[KEYWORD_1]", " [KEYWORD_1]"]
