"""A streamed answer is the whole one, however it was cut: texts, findings, verdict. Both are what the oracle says."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from proxy.guard.answer import AnswerGuard
from proxy.guard.policy import Policy
from tests.guard.answers import TOOL, Client, Spoken, choice, chunk, streamed_answer, streams, units, whole_answer
from tests.guard.oracle import Spec, judge
from tests.guard.strategies import answers, as_oracle, mixed_texts, policies, specs


@dataclass
class Scene:
    chosen: list[Spec]
    policy: Policy
    answer: list[Spoken]

    def guard(self) -> AnswerGuard:
        return AnswerGuard(self.policy, choices=len(self.answer), tool_names=frozenset((TOOL,)))


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    chosen = draw(specs())
    return Scene(chosen, draw(policies(chosen)), draw(answers(mixed_texts(chosen))))


def output_of(client: Client) -> dict[str, object]:
    return dict(client.sections)["output_guardrails"]


@given(scenes(), st.data())
def test_streamed_is_whole(scene: Scene, data: st.DataObject) -> None:
    guard, reference = scene.guard(), scene.guard()
    whole = whole_answer(reference, scene.answer)
    streamed = streamed_answer(guard, data.draw(streams(scene.answer)))
    assert streamed.said == whole.said
    assert streamed.finish == whole.finish
    assert output_of(streamed) == output_of(whole)
    assert guard.blocked == reference.blocked
    assert (guard.scanned, guard.unscanned) == (reference.scanned, reference.unscanned)


@given(scenes())
def test_cut_between_all_code_units_is_whole(scene: Scene) -> None:
    payloads = []
    for index, spoken in enumerate(scene.answer):
        for lane, text in spoken:
            if lane in ("content", "refusal", "reasoning"):
                payloads += [chunk(choice(index, {lane: unit})) for unit in units(text)]
    plain = [[said for said in spoken if said[0] in ("content", "refusal", "reasoning")] for spoken in scene.answer]
    whole = whole_answer(scene.guard(), plain)
    streamed = streamed_answer(scene.guard(), payloads)
    assert streamed.said == whole.said


@given(scenes(), st.data())
def test_one_text_becomes_what_the_oracle_makes_of_it(scene: Scene, data: st.DataObject) -> None:
    text = data.draw(mixed_texts(scene.chosen))
    scene.answer = [[("content", text)]]
    expected = judge(text, as_oracle(scene.policy, scene.chosen))
    guard = scene.guard()
    client = streamed_answer(guard, data.draw(streams(scene.answer)))
    said = client.said.get((0, "content"), "")
    assert said[: len(expected.released)] == expected.released
    assert bool(expected.blocked_by) == guard.blocked == (client.finish[0] == "content_filter")
    if not guard.blocked or not scene.policy.block_notice:
        assert said == expected.released
    enforced = [(f.detector, f.start, f.end, f.action.value) for f in guard.findings if f.action.value != "observe"]
    assert tuple(enforced) == expected.enforced


@given(scenes(), st.data())
def test_choices_do_not_influence_each_other(scene: Scene, data: st.DataObject) -> None:
    together = streamed_answer(scene.guard(), data.draw(streams(scene.answer))).said
    for index, spoken in enumerate(scene.answer):
        alone = whole_answer(AnswerGuard(scene.policy, tool_names=frozenset((TOOL,))), [spoken]).said
        assert {lane: text for (at, lane), text in together.items() if at == index} == {
            lane: text for (_, lane), text in alone.items()
        }
