"""Nothing that is withheld is in any byte a client receives, at any step: chunks, detections, logprobs, extras."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.detector import Detector
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import Enforcement, Policy
from tests.guard.answers import Client, choice, chunk, streamed_answer, whole_answer
from tests.guard.fakes import RulesDetector
from tests.guard.oracle import Enforced, Outcome, Spec, judge, pattern_spans, word_spans

Json = dict[str, Any]

SECRETS = [
    Spec("serial", r"\d{3}-\d{2}-\d{4}", r"![\d-]", r"![\d-]"),
    Spec("address", r"[a-z0-9]{2,8}@[a-z]{2,8}\.[a-z]{2,3}", r"![a-z0-9@]", r"![a-z]"),
]
WORDS = ["zyzzyva", "qoph kappa"]


def text_of(kinds: list[int]) -> str:
    """Return a text in which every word is found once: plain ones, secrets, and beginnings of secrets."""
    made = []
    for n, kind in enumerate(kinds):
        made.append(
            [
                f"Wq{n}",
                f"{100 + n}-{10 + n}-{1000 + n}",
                f"us{n}er@ho{chr(97 + n)}st.com",
                f"{500 + n}-7{n % 10}",
                WORDS[n % 2],
                f"ab{n}@",
            ][kind]
        )
    return " ".join(made)


@st.composite
def lines(draw: st.DrawFn) -> str:
    return text_of(draw(st.lists(st.integers(0, 5), min_size=1, max_size=9)))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    detectors: list[Detector] = [RulesDetector("rules", tuple(spec.rule for spec in SECRETS)), KeywordDetector(WORDS)]
    action = st.sampled_from(Action)
    return Policy(
        "p",
        tuple(Enforcement(detector, draw(action)) for detector in draw(st.permutations(detectors))),
        block_notice=draw(st.booleans()),
    )


def outcome_of(text: str, policy: Policy) -> Outcome:
    return judge(
        text,
        [
            Enforced("rules", e.action.value, lambda t: pattern_spans(SECRETS, t), lambda label, n: f"<{label}_{n}>")
            if e.detector.name == "rules"
            else Enforced(
                e.detector.name, e.action.value, lambda t: word_spans(WORDS, t), lambda _, n: f"[KEYWORD_{n + 1}]"
            )
            for e in policy.enforcements
        ],
    )


@dataclass
class Withheld:
    """What must not be seen of a text: whole secrets, and every word behind a block."""

    text: str
    outcome: Outcome

    @property
    def spans(self) -> list[tuple[int, int]]:
        cut = self.outcome.cut
        spans = [(start, end) for _, start, end, action in self.outcome.enforced if action == "redact"]
        return spans + [(cut, len(self.text))] * (cut < len(self.text))

    @property
    def strings(self) -> list[str]:
        redacted = [self.text[start:end] for start, end in self.spans]
        behind = self.text[self.outcome.cut :].split() if self.outcome.cut < len(self.text) else []
        # A banned word may stand before the block as well, where an observing detector let it pass.
        return [part for part in redacted + behind if part not in self.outcome.released and len(part) > 3]


def strings_in(value: object) -> Iterator[str]:
    """Yield every string anywhere in a JSON value, names of fields included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings_in(item)


def assert_hides(payload: bytes, withheld: Withheld) -> None:
    seen = list(strings_in(json.loads(payload)))
    for part in withheld.strings:
        assert not any(part in string for string in seen), (part, payload)


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@given(lines(), policies(), st.integers(1, 9))
def test_text_never_runs_ahead_of_what_it_becomes(text: str, policy: Policy, size: int) -> None:
    outcome = outcome_of(text, policy)
    guard, client = AnswerGuard(policy), Client()
    for piece in cut(text, size):
        client.read(guard.chunk(chunk(choice(0, {"content": piece})), 0.0))
        said = client.said.get((0, "content"), "")
        if guard.ended:
            assert said.startswith(outcome.released)
            break
        assert outcome.released.startswith(said)


@given(lines(), policies(), st.integers(1, 9), st.integers(1, 5), st.sampled_from(["content", "refusal"]))
def test_log_probabilities_follow_the_text(text: str, policy: Policy, size: int, token: int, lane: str) -> None:
    if not policy.enforcing:
        return
    withheld = Withheld(text, outcome_of(text, policy))
    guard, spelled, at = AnswerGuard(policy), list[str](), 0
    for piece in cut(text, size):
        tokens = [_entry(part, text) for part in cut(piece, token)]
        payload = chunk(choice(0, {lane: piece}, logprobs={lane: tokens}))
        for out in guard.chunk(payload, 0.0):
            assert_hides(out, withheld)
            for entry in json.loads(out)["choices"]:
                spelled += [t["token"] for t in ((entry.get("logprobs") or {}).get(lane) or ())]
        if guard.ended:
            break
    for out in guard.close(0.0):
        assert_hides(out, withheld)
        for entry in json.loads(out)["choices"]:
            spelled += [t["token"] for t in ((entry.get("logprobs") or {}).get(lane) or ())]
    allowed = []
    for piece in cut(text, size):
        for part in cut(piece, token):
            if not any(start < at + len(part) and at < end for start, end in withheld.spans):
                allowed.append(part)
            at += len(part)
    assert spelled == allowed[: len(spelled)]


def _entry(token: str, alternative: str) -> Json:
    shown = {"token": token, "logprob": -0.5, "bytes": [len(token)]}
    return shown | {"top_logprobs": [shown, {"token": alternative, "logprob": -3.0, "bytes": None}]}


@given(lines(), st.data())
def test_log_probabilities_that_begin_late_are_not_trusted(text: str, data: st.DataObject) -> None:
    policy = Policy("p", (Enforcement(RulesDetector("rules", tuple(s.rule for s in SECRETS)), Action.REDACT),))
    withheld = Withheld(text, outcome_of(text, policy))
    guard = AnswerGuard(policy)
    guard.chunk(chunk(choice(0, {"content": data.draw(st.sampled_from(["Well, ", "\ud83d", "\ud83d\ude00 "]))})), 0.0)
    spelled = ""
    for piece in cut(text, data.draw(st.integers(1, 9))):
        out = guard.chunk(chunk(choice(0, {"content": piece}, logprobs={"content": [_entry(piece, "")]})), 0.0)
        for entry in (entry for payload in out for entry in json.loads(payload)["choices"]):
            spelled += "".join(t["token"] for t in ((entry.get("logprobs") or {}).get("content") or ()))
    assert not any(part in spelled for part in withheld.strings)


@given(lines(), st.integers(0, 9), st.integers(1, 4))
def test_log_probabilities_of_split_characters_do_not_shift_the_rest(text: str, faces: int, size: int) -> None:
    policy = Policy("p", (Enforcement(RulesDetector("rules", tuple(s.rule for s in SECRETS)), Action.REDACT),))
    withheld = Withheld(text, outcome_of(text, policy))
    guard, spelled = AnswerGuard(policy), ""
    for piece in ["\ud83d", "\ude00"] * faces + [" "] + cut(text, size) + [" that is all there is to say"]:
        out = guard.chunk(chunk(choice(0, {"content": piece}, logprobs={"content": [_entry(piece, "")]})), 0.0)
        for entry in (entry for payload in out for entry in json.loads(payload)["choices"]):
            spelled += "".join(t["token"] for t in ((entry.get("logprobs") or {}).get("content") or ()))
    assert not any(part in spelled for part in withheld.strings)


_ECHOES = st.sampled_from(
    [
        lambda text: {"delta": {"text": text}},
        lambda text: {"delta": {"annotations": [{"quote": text}]}},
        lambda text: {"delta": {"audio": {"data": text}}},
        lambda text: {"delta": {"content": {"parts": text}}},
        lambda text: {"delta": {"tool_calls": [{"index": 0, "custom": {"input": text}}]}},
        lambda text: {"delta": {"tool_calls": text}},
        lambda text: {"delta": {"function_call": [text]}},
        lambda text: {"delta": {"role": [text]}},
        lambda text: {"delta": [text]},
        lambda text: {"delta": {}, "message": {"content": text}},
        lambda text: {"message": {"role": "assistant", "content": text}},
        lambda text: {"delta": {}, "text": text},
        lambda text: {"delta": {}, "logprobs": {"tokens": [text], "content": [{"token": text}]}},
        lambda text: {"delta": {}, "logprobs": [text]},
        lambda text: {"delta": {"tool_calls": [{"index": 0, "function": {"name": text}}]}},
        lambda text: {"delta": {"function_call": {"name": text}}},
    ]
)


@given(lines(), policies().filter(lambda p: all(e.action is not Action.OBSERVE for e in p.enforcements)), _ECHOES)
def test_copies_of_the_text_elsewhere_do_not_pass(text: str, policy: Policy, echo: Any) -> None:
    withheld = Withheld(text, outcome_of(text, policy))
    guard = AnswerGuard(policy)
    payloads = [
        chunk(choice(0, {"role": "assistant", "content": "Well: "})),
        chunk({"index": 0, "finish_reason": None} | echo(text), echo=text),
        chunk(choice(0, {}, "stop")),
    ]
    for payload in payloads:
        for out in guard.chunk(payload, 0.0):
            assert_hides(out, withheld)
        if guard.ended:
            break
    for out in guard.close(0.0):
        assert_hides(out, withheld)


@given(lines(), policies().filter(lambda p: all(e.action is not Action.OBSERVE for e in p.enforcements)), _ECHOES)
def test_copies_of_the_text_elsewhere_in_a_whole_answer_do_not_pass(text: str, policy: Policy, echo: Any) -> None:
    copied = echo(text)
    copied.setdefault("message", copied.get("delta"))
    body = {"choices": [{"index": 0, "finish_reason": "stop"} | copied], "echo": text}
    guarded = AnswerGuard(policy).whole(json.loads(json.dumps(body)), 0.0)[0]
    assert_hides(guarded, Withheld(text, outcome_of(text, policy)))


@given(lines(), policies(), st.integers(1, 9))
def test_detections_do_not_tell(text: str, policy: Policy, size: int) -> None:
    withheld = Withheld(text, outcome_of(text, policy))
    stream = [chunk(choice(0, {"content": piece})) for piece in cut(text, size)] + [chunk(choice(0, {}, "stop"))]
    streamed, whole = (
        streamed_answer(AnswerGuard(policy), stream),
        whole_answer(AnswerGuard(policy), [[("content", text)]]),
    )
    for client in (streamed, whole):
        for part in withheld.strings:
            assert not any(part in string for _, section in client.sections for string in strings_in(section))


@pytest.mark.parametrize("expose", [False, True])
def test_detections_show_originals_only_where_that_was_asked_for(expose: bool) -> None:
    detector = RulesDetector("rules", tuple(spec.rule for spec in SECRETS))
    policy = Policy("p", (Enforcement(detector, Action.REDACT),), expose_full=expose)
    client = whole_answer(AnswerGuard(policy), [[("content", "it is 123-45-6789.")]])
    assert any("123-45-6789" in string for _, section in client.sections for string in strings_in(section)) is expose
