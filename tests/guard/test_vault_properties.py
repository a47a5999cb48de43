"""Personal data goes upstream as placeholders and comes back as itself, however the answer is cut."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import NO_POLICY, Enforcement, Judged, Policy
from proxy.guard.screening import Screening
from tests.guard.answers import TOOL, choice, chunk, fields_of, streamed_answer, units, whole_answer
from tests.guard.fakes import RulesDetector
from tests.guard.oracle import Spec
from tests.guard.screens import screen

Json = dict[str, Any]

PERSONAL = (
    Spec("serial", r"\d{3}-\d{2}-\d{4}", r"![\d-]", r"![\d-]"),
    Spec("address", r"[a-z]{2,8}@[a-z]{2,8}\.[a-z]{2,3}", r"![a-z@]", r"![a-z]"),
    Spec("quoted", r"Q[^\nQ]{1,6}Z"),
)
PII = RulesDetector("pii", tuple(spec.rule for spec in PERSONAL))
VALUES = ("123-45-6789", "900-11-2222", "ann@host.org", "bob@host.org", 'Q"a\\bZ', "Q\U0001f600\u2028Z", "Q<>Z")
FRESH = ("555-66-7777", "eve@evil.com")
FILLER = st.sampled_from(
    ["well ", " and ", "<", ">", "<ADDRESS_", "<address_9>", "_0>", "12 ", "\U0001f600 ", "\n", '"quoted"', "\\"]
)
PLACEHOLDER = re.compile(r"<(?:SERIAL|ADDRESS|QUOTED)_\d+>")


def policy(action: Action = Action.REDACT, judged: Judged = Judged.LAST_USER) -> Policy:
    return Policy(
        "p", (Enforcement(PII, action), Enforcement(KeywordDetector(["forbidden"]), Action.REDACT)), judged=judged
    )


@st.composite
def requests(draw: st.DrawFn) -> Json:
    """Return a chat in which personal data is found in every kind of message."""
    said = st.lists(st.sampled_from([*VALUES, "hello", "forbidden"]), min_size=1, max_size=4).map(" , ".join)
    messages: list[Json] = [{"role": "system", "content": draw(said)}]
    for _ in range(draw(st.integers(1, 3))):
        messages.append(
            {"role": "user", "content": draw(said | said.map(lambda text: [{"type": "text", "text": text}]))}
        )
        arguments = json.dumps({"to": draw(said), "n": 1}, ensure_ascii=draw(st.booleans()))
        function = {"name": TOOL, "arguments": arguments}
        messages.append({"role": "assistant", "content": draw(said), "refusal": draw(said | st.none())})
        messages[-1]["tool_calls"] = [
            {"id": "1", "type": "function", "function": function},
            {"id": "2", "type": "custom", "custom": {"name": "note", "input": draw(said)}},
        ]
        messages.append({"role": "tool", "tool_call_id": "1", "content": draw(said)})
    messages.append({"role": "user", "content": draw(said)})
    return {"model": "m", "messages": messages}


def strings_of(value: object) -> str:
    """Return every string of a request, the ones inside arguments decoded."""
    if isinstance(value, dict):
        return "\n".join(strings_of(json.loads(v)) if k == "arguments" else strings_of(v) for k, v in value.items())
    if isinstance(value, list):
        return "\n".join(map(strings_of, value))
    return value if isinstance(value, str) else ""


@dataclass
class Exchange:
    """A request whose placeholders are known, and what the model says with them."""

    screening: Screening
    originals: dict[str, str]

    def guard(self, output: Policy) -> AnswerGuard:
        return AnswerGuard(output, vault=self.screening.vault, tool_names=frozenset((TOOL,)))


def exchange_of(values: list[str]) -> Exchange:
    body = {"messages": [{"role": "user", "content": " , ".join(values)}]}
    screening = screen(body, policy(), pii_redaction=True)
    placeholders = screening.body["messages"][0]["content"].split(" , ")
    return Exchange(screening, dict(zip(placeholders, values, strict=True)))


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    return exchange_of(draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4, unique=True)))


@st.composite
def replies(draw: st.DrawFn, exchange: Exchange) -> tuple[str, str]:
    """Return what the model says, and what the client should read."""
    said, read = [], []
    for _ in range(draw(st.integers(1, 6))):
        placeholder = draw(st.sampled_from(sorted(exchange.originals)))
        filler = draw(FILLER)
        said += [draw(st.sampled_from([placeholder, placeholder.lower()])), " ", filler, " "]
        read += [exchange.originals[placeholder], " ", filler, " "]
    return "".join(said), "".join(read)


def payloads_of(lane: str, text: str, size: int) -> list[bytes]:
    parts = units(text)
    pieces = ["".join(parts[at : at + size]) for at in range(0, len(parts), size)]
    return [chunk(choice(0, fields_of(lane, piece))) for piece in pieces] + [chunk(choice(0, {}, "stop"))]


OUTPUTS = st.sampled_from([NO_POLICY, policy(), policy(Action.BLOCK), policy(Action.OBSERVE)])


class TestRequest:
    @given(requests(), st.sampled_from(Judged), st.sampled_from([Action.REDACT, Action.OBSERVE]))
    def test_originals_stay_here(self, body: Json, judged: Judged, action: Action) -> None:
        before = json.dumps(body)
        screening = screen(body, policy(action, judged), pii_redaction=True)
        assert json.dumps(body) == before
        upstream = strings_of(screening.body["messages"])
        assert not any(value in upstream for value in VALUES)

    @given(requests())
    def test_one_value_has_one_placeholder_in_all_messages(self, body: Json) -> None:
        screening = screen(body, policy(), pii_redaction=True)
        before, after = strings_of(body["messages"]), strings_of(screening.body["messages"])
        for original in VALUES:
            before = before.replace(original, "\0")
        assert len(set(PLACEHOLDER.findall(after))) <= len(VALUES)
        assert PLACEHOLDER.sub("\0", after).replace("[KEYWORD_1]", "forbidden") == before

    @given(requests())
    def test_a_blocking_policy_still_blocks(self, body: Json) -> None:
        body["messages"][-1]["content"] = f"it is {VALUES[0]}"
        assert screen(body, policy(Action.BLOCK), pii_redaction=True).blocked


class TestAnswer:
    @given(st.data(), OUTPUTS, st.integers(1, 9))
    def test_reads_as_if_nothing_had_been_hidden(self, data: st.DataObject, output: Policy, size: int) -> None:
        exchange = data.draw(exchanges())
        said, read = data.draw(replies(exchange))
        lane = data.draw(st.sampled_from(["content", "refusal", "reasoning", "audio.transcript"]))
        client = streamed_answer(exchange.guard(output), payloads_of(lane, said, size))
        assert client.said == {(0, lane): read}
        assert client.finish == {0: "stop"}
        whole = whole_answer(exchange.guard(output), [[(lane, said)]])
        assert whole.said == client.said

    @given(st.data(), OUTPUTS, st.integers(1, 9))
    def test_arguments_stay_json(self, data: st.DataObject, output: Policy, size: int) -> None:
        exchange = data.draw(exchanges())
        said, read = data.draw(replies(exchange))
        text = json.dumps({"a": said, "b": [1, None], "c": {"d": said}}, ensure_ascii=data.draw(st.booleans()))
        text = text.replace("<", data.draw(st.sampled_from(["<", "\\u003c", "\\u003C"])))
        lane = "tool_calls[0].function.arguments"
        client = streamed_answer(exchange.guard(output), payloads_of(lane, text, size))
        assert json.loads(client.said[0, lane]) == {"a": read, "b": [1, None], "c": {"d": read}}

    @given(st.data(), st.integers(1, 9), st.sampled_from(FRESH))
    def test_personal_data_that_is_not_the_client_s_is_redacted(
        self, data: st.DataObject, size: int, fresh: str
    ) -> None:
        exchange = data.draw(exchanges())
        said, read = data.draw(replies(exchange))
        client = streamed_answer(exchange.guard(policy()), payloads_of("content", f"{said} {fresh} ok", size))
        seen = client.said[0, "content"]
        assert seen.startswith(read)
        made = seen[len(read) :]
        assert PLACEHOLDER.fullmatch(made.removesuffix(" ok").strip())
        # It is not one of the placeholders that the model was given.
        assert made.removesuffix(" ok").strip() not in exchange.originals
        assert fresh not in json.dumps([section for _, section in client.sections])

    @given(st.data(), st.integers(1, 9))
    def test_log_probabilities_do_not_show_placeholders(self, data: st.DataObject, size: int) -> None:
        exchange = data.draw(exchanges())
        said, _ = data.draw(replies(exchange))
        guard = exchange.guard(data.draw(OUTPUTS))
        for at in range(0, len(said), size):
            piece = said[at : at + size]
            tokens = [{"token": piece, "logprob": -1.0, "bytes": None}]
            for out in guard.chunk(chunk(choice(0, {"content": piece}, logprobs={"content": tokens})), 0.0):
                assert not any(entry.get("logprobs") for entry in json.loads(out)["choices"])

    @given(exchanges(), st.integers(1, 4))
    def test_only_what_may_become_a_placeholder_is_kept_back(self, exchange: Exchange, size: int) -> None:
        guard = exchange.guard(NO_POLICY)
        guard.chunk(chunk(choice(0, {"role": "assistant", "content": ""})), 0.0)
        for piece in ("a < b", " <= c", "<b>bold</b>", "1 <2", "x>"):
            payload = chunk(choice(0, {"content": piece}))
            assert guard.chunk(payload, 0.0) == [payload]

    @pytest.mark.parametrize("cut", range(1, 12))
    def test_a_placeholder_that_never_ends_leaves_in_the_end(self, cut: int) -> None:
        exchange = exchange_of(["ann@host.org"])
        said = f"to {'<ADDRESS_0>'[:cut]}"
        client = streamed_answer(exchange.guard(NO_POLICY), payloads_of("content", said, 1))
        assert client.said[0, "content"] == (said if cut < 11 else "to ann@host.org")
