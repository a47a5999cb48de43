"""How answers end: nothing overtakes held text, every report comes once, failures close or are counted."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.detectors.keyword_detector import KeywordDetector
from proxy.guard.findings import Action
from proxy.guard.policy import DEFAULT_BLOCK_MESSAGE, NO_POLICY, Enforcement, OnError, Policy
from proxy.protocol.chunks import MalformedChunk, UpstreamErrorChunk
from tests.guard.answers import TOOL, Client, choice, chunk, streamed_answer, streams, whole_answer
from tests.guard.fakes import FailingDetector
from tests.guard.oracle import judge
from tests.guard.strategies import answers, as_oracle, cuttings, mixed_texts, policies, specs

Json = dict[str, Any]

INPUT: Json = {"summary": {"seen": 1}, "details": {}, "result_message": None}
BLOCKING = Policy("p", (Enforcement(KeywordDetector(["ban"]), Action.BLOCK),))
REDACTING = Policy("p", (Enforcement(KeywordDetector(["ban", "banned for ever"]), Action.REDACT),))
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def said(pieces: list[str]) -> list[bytes]:
    return [chunk(choice(0, {"content": piece})) for piece in pieces]


class TestOrder:
    @given(st.data())
    def test_reports_come_once_and_the_last_one_last(self, data: st.DataObject) -> None:
        chosen = data.draw(specs(2))
        answer = data.draw(answers(mixed_texts(chosen)))
        policy = data.draw(policies(chosen))
        guard = AnswerGuard(policy, choices=len(answer), input_section=dict(INPUT), tool_names=frozenset((TOOL,)))
        client = streamed_answer(guard, data.draw(streams(answer)))
        assert [name for name, _ in client.sections] == ["input_guardrails", "output_guardrails"]
        assert client.sections[0][1] == INPUT
        with_choices = [event for event in client.payloads if event["choices"]]
        assert "input_guardrails" in with_choices[0]["enkrypt_policy_detections"]
        assert "output_guardrails" in with_choices[-1]["enkrypt_policy_detections"]
        assert any(entry["finish_reason"] for entry in with_choices[-1]["choices"])
        assert set(client.finish) == set(range(len(answer)))

    @given(st.data())
    def test_every_choice_says_all_it_has_to_say_before_it_ends(self, data: st.DataObject) -> None:
        # The client in these tests refuses text that comes after a finish_reason.
        text = data.draw(st.text("ban edforv", max_size=20)) + data.draw(st.sampled_from(["", "ban", "banned for"]))
        payloads = said(data.draw(cuttings(text)))
        end = data.draw(
            st.sampled_from([[chunk(choice(0, {}, "length"))], [chunk(choice(0, {"content": "ban"}, "length"))]])
        )
        client = streamed_answer(AnswerGuard(REDACTING), payloads + end)
        assert client.finish == {0: "length"}
        assert (
            client.said
            == whole_answer(AnswerGuard(REDACTING), [[("content", text + "ban" * ("ban" in end[0].decode()))]]).said
        )

    def test_a_choice_that_never_finishes_is_closed_with_what_it_held(self) -> None:
        guard, client = AnswerGuard(REDACTING, choices=3), Client()
        client.read(guard.chunk(chunk(choice(0, {"content": "so ba"})), 0.0))
        client.read(guard.chunk(chunk(choice(1, {"content": "fine"}, "stop")), 0.0))
        client.read(guard.close(1.0))
        assert client.said == {(0, "content"): "so ba", (1, "content"): "fine"}
        assert client.finish == {1: "stop"}
        assert [name for name, _ in client.sections] == ["input_guardrails", "output_guardrails"]

    def test_an_answer_that_never_began_still_carries_its_reports(self) -> None:
        client = Client()
        client.read(AnswerGuard(REDACTING).close(0.0))
        assert [name for name, _ in client.sections] == ["input_guardrails", "output_guardrails"]


class TestAbort:
    @given(st.data())
    def test_what_was_held_never_leaves(self, data: st.DataObject) -> None:
        chosen = data.draw(specs(3))
        policy = data.draw(policies(chosen))
        text = data.draw(mixed_texts(chosen))
        guard, client = AnswerGuard(policy), Client()
        for payload in said(data.draw(cuttings(text))):
            client.read(guard.chunk(payload, 0.0))
            if guard.ended:
                return
        seen = dict(client.said)
        client.read(guard.abort())
        assert client.said == seen
        assert judge(text, as_oracle(policy, chosen)).released.startswith(seen.get((0, "content"), ""))
        assert [name for name, _ in client.sections] == ["input_guardrails", "output_guardrails"]
        assert not guard.holding
        assert guard.abort() == []


class TestBlock:
    @pytest.mark.parametrize("notice", [True, False])
    def test_is_the_safe_prefix_then_the_notice_then_the_end(self, notice: bool) -> None:
        policy = Policy("p", BLOCKING.enforcements, block_notice=notice)
        client = streamed_answer(AnswerGuard(policy), said(["so a b", "an", "-ner is up", " and more"]))
        assert client.said == {(0, "content"): "so a " + (f"\n\n{DEFAULT_BLOCK_MESSAGE}" if notice else "")}
        assert client.finish == {0: "content_filter"}

    def test_of_one_choice_leaves_the_others_running(self) -> None:
        guard, client = AnswerGuard(BLOCKING, choices=2), Client()
        client.read(guard.chunk(chunk(choice(0, {"content": "ban."}), choice(1, {"content": "fine"})), 0.0))
        assert guard.blocked
        assert not guard.ended
        client.read(guard.chunk(chunk(choice(0, {"content": " more"}), choice(1, {"content": " too"}, "stop")), 0.0))
        assert guard.ended
        assert client.said[1, "content"] == "fine too"
        assert "more" not in client.said[0, "content"]
        assert client.finish == {0: "content_filter", 1: "stop"}


class TestUsage:
    def test_is_estimated_and_says_so_where_the_upstream_was_not_awaited(self) -> None:
        guard, client = AnswerGuard(BLOCKING, include_usage=True, prompt_characters=10), Client()
        client.read(guard.chunk(chunk(choice(0, {"content": "12345 ban."})), 0.0))
        assert guard.ended
        client.read(guard.close(0.0))
        (usage,) = client.usages
        assert usage.pop("tidegate_estimated") is True
        assert usage == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
        assert client.payloads[-1]["choices"] == []

    @pytest.mark.parametrize("policy", [NO_POLICY, REDACTING, BLOCKING])
    def test_of_the_upstream_passes_as_it_came(self, policy: Policy) -> None:
        guard = AnswerGuard(policy, include_usage=True)
        guard.chunk(chunk(choice(0, {"content": "hi"}, "stop")), 0.0)
        payload = chunk(usage=USAGE)
        assert guard.chunk(payload, 0.0) == [payload]
        assert guard.close(0.0) == []

    def test_is_not_lost_with_a_chunk_whose_text_is_held(self) -> None:
        client = streamed_answer(AnswerGuard(REDACTING), [chunk(choice(0, {"content": "ba"}), usage=USAGE)])
        assert client.usages == [USAGE]

    def test_is_not_invented_where_nobody_asked(self) -> None:
        assert streamed_answer(AnswerGuard(BLOCKING), said(["ban."])).usages == []


class TestFailure:
    @given(st.text("ab! ", max_size=20), st.integers(1, 4), st.sampled_from(["!", ""]))
    def test_closes_the_answer(self, text: str, size: int, trigger: str) -> None:
        policy = Policy("p", (Enforcement(FailingDetector(trigger), Action.REDACT), *REDACTING.enforcements))
        guard = AnswerGuard(policy)
        client = streamed_answer(guard, said([text[at : at + size] for at in range(0, len(text), size)]))
        if "!" in text or (trigger == "" and text):
            assert guard.blocked
            assert client.finish == {0: "content_filter"}
            assert guard.unscanned == 0
            released = client.said.get((0, "content"), "").removesuffix(DEFAULT_BLOCK_MESSAGE).removesuffix("\n\n")
            assert "!" not in released
            assert text.startswith(released)

    @given(st.text("ab! ", min_size=1, max_size=20), st.integers(1, 4))
    def test_lets_the_answer_pass_and_counts_it_where_that_was_chosen(self, text: str, size: int) -> None:
        broken = Enforcement(FailingDetector("!"), Action.REDACT)
        policy = Policy("p", (broken, Enforcement(KeywordDetector(["ab"]), Action.REDACT)), on_error=OnError.ALLOW)
        guard = AnswerGuard(policy)
        client = streamed_answer(guard, said([text[at : at + size] for at in range(0, len(text), size)]))
        alone = Policy("p", policy.enforcements[1:])
        assert client.said == whole_answer(AnswerGuard(alone), [[("content", text)]]).said
        assert not guard.blocked
        assert guard.scanned + guard.unscanned == len(text)
        assert bool(guard.unscanned) == ("!" in text)
        if "ab" not in text and "!" in text:
            assert guard.unscanned >= len(text) - text.index("!")

    def test_of_an_observer_changes_nothing(self) -> None:
        policy = Policy("p", (Enforcement(FailingDetector("!"), Action.OBSERVE), *REDACTING.enforcements))
        guard = AnswerGuard(policy)
        assert streamed_answer(guard, said(["oh! ", "ban."])).said == {(0, "content"): "oh! [KEYWORD_1]."}
        assert guard.unscanned == 0


class TestOddChunks:
    @pytest.mark.parametrize("index", [None, "0", [], {}, 1.5, True, -1])
    @pytest.mark.parametrize("lane", ["content", "refusal"])
    def test_any_index_is_survived(self, index: object, lane: str) -> None:
        guard = AnswerGuard(REDACTING)
        sent = guard.chunk(chunk(choice(0, {"role": "assistant", "content": ""})), 0.0)
        odd = chunk({"index": index, "delta": {lane: "a ban."}, "finish_reason": None})
        # It is taken for the choice's position, or refused.
        with contextlib.suppress(MalformedChunk):
            sent += guard.chunk(odd, 0.0)
        assert b"a ban" not in b"".join([*sent, *guard.close(0.0)])

    @pytest.mark.parametrize("index", [None, "0", [], {}, 1.5, -1, "x]"])
    def test_any_index_of_a_tool_call_is_survived(self, index: object) -> None:
        guard = AnswerGuard(REDACTING, tool_names=frozenset((TOOL,)))
        call = {"index": index, "function": {"name": TOOL, "arguments": '{"a": "a ban'}}
        sent = guard.chunk(chunk(choice(0, {"tool_calls": [call]})), 0.0)
        sent += guard.chunk(chunk(choice(0, {}, "length")), 0.0) + guard.close(0.0)
        assert b"a ban" not in b"".join(sent)

    @pytest.mark.parametrize(
        "payload", [b"", b"{", b"[]", b"null", b'{"choices": 1}', b'{"choices": [1]}', b"[" * 9999]
    )
    def test_what_is_no_chunk_is_refused(self, payload: bytes) -> None:
        with pytest.raises(MalformedChunk):
            AnswerGuard(REDACTING).chunk(payload, 0.0)

    def test_an_error_object_is_told_apart(self) -> None:
        with pytest.raises(UpstreamErrorChunk):
            AnswerGuard(REDACTING).chunk(b'{"error": {"message": "no"}}', 0.0)

    @pytest.mark.parametrize(
        "extra", [{"delta": None}, {}, {"delta": {"content": None}}, {"delta": {"role": "assistant"}}]
    )
    def test_chunks_without_text_pass(self, extra: Json) -> None:
        guard = AnswerGuard(REDACTING)
        guard.chunk(chunk(choice(0, {"role": "assistant"})), 0.0)
        payload = chunk({"index": 0, "finish_reason": None} | extra)
        assert guard.chunk(payload, 0.0) == [payload]

    def test_an_empty_list_of_choices_passes(self) -> None:
        payload = chunk(prompt_filter_results=[{"prompt_index": 0}])
        assert AnswerGuard(REDACTING).chunk(payload, 0.0) == [payload]
