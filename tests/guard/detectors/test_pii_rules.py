"""Every rule of the catalogue against its own examples, however the text is cut."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.guard.detectors.pii_rules import ENTITIES, GROUPS, NAMED_ONLY, RULES, select
from proxy.guard.rule import Rule
from proxy.guard.runner import PatternScanner, compile_rules, hold_back
from tests.guard.detectors.pii_oracle import alone, body_of, marked, scan, spans

_EVERY = (*RULES, *NAMED_ONLY)
_by_name = pytest.mark.parametrize("rule", _EVERY, ids=lambda rule: rule.name)


@_by_name
def test_examples_are_found_exactly_however_they_are_cut(rule: Rule) -> None:
    assert rule.examples
    for example in rule.examples:
        text, (start, end) = marked(example)
        expected = [(start, end, rule.label)]
        assert scan(alone(rule), [text]) == expected, example
        assert scan(alone(rule), list(text)) == expected, example
        for cut in range(1, len(text)):
            assert scan(alone(rule), [text[:cut], text[cut:]]) == expected, (example, cut)


@_by_name
def test_counter_examples_yield_nothing_and_are_held_no_longer_than_stated(rule: Rule) -> None:
    assert rule.counter_examples
    for text in rule.counter_examples:
        assert scan(alone(rule), [text]) == [], text
        scanner = PatternScanner(alone(rule))
        for position, ch in enumerate(text, start=1):
            assert not scanner.feed(ch)
            assert position - scanner.safe <= hold_back(rule)
        assert not scanner.finish()


@_by_name
def test_the_oracle_agrees_on_examples(rule: Rule) -> None:
    for example in rule.examples:
        text, span = marked(example)
        assert spans(rule, text) == [span]
    for text in rule.counter_examples:
        assert spans(rule, text) == []


def test_names_are_unique_and_every_rule_has_a_home() -> None:
    assert max(Counter(rule.name for rule in _EVERY).values()) == 1
    assert {rule.group for rule in RULES} == set(GROUPS)
    assert all(rule.label == rule.label.upper() and rule.name.isidentifier() for rule in _EVERY)


def test_every_rule_states_a_hold_back() -> None:
    assert all(0 < hold_back(rule) <= 600 for rule in _EVERY)


def test_dates_are_looked_for_only_where_they_are_named() -> None:
    assert not {rule.label for rule in (*select(()), *select(("pii",)))} & {"DATE_TIME", "YEAR"}
    assert {rule.label for rule in select(("date_time", "Year"))} == {"DATE_TIME", "YEAR"}


def test_the_entities_of_the_api_with_a_format_are_covered() -> None:
    documented = (
        "credit_card crypto email_address iban_code phone_number medical_license us_bank_number us_driver_license "
        "us_itin us_passport us_ssn uk_nhs es_nif it_fiscal_code it_driver_license it_vat_code it_passport "
        "it_identity_card pl_pesel sg_nric_fin au_abn au_acn au_tfn au_medicare ip_address url date_time year"
    )
    assert set(documented.split()) <= ENTITIES


_NOISE = st.text(alphabet=" \n.,:;-_=/@'\"<>()[]{}0123456789abcdefxyzABCDEFXYZ+é字", max_size=12)


def _pieces(rules: tuple[Rule, ...]) -> st.SearchStrategy[str]:
    texts = [marked(example)[0] for rule in rules for example in rule.examples if len(example) < 160]
    texts += [text for rule in rules for text in rule.counter_examples if len(text) < 160]
    whole = st.sampled_from(texts or [" "])
    fragment = st.builds(
        lambda text, a, b: text[min(a, b) : max(a, b)], whole, st.integers(0, 160), st.integers(0, 160)
    )
    return st.lists(st.one_of(whole, fragment, _NOISE), min_size=1, max_size=4).map("".join)


_VALIDATED = tuple(rule for rule in _EVERY if rule.validate is not None)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_validators_judge_whatever_their_pattern_admits(data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from(_VALIDATED))
    assert rule.validate is not None
    assert rule.validate(data.draw(st.from_regex(body_of(rule.pattern), fullmatch=True))) in (True, False)


_CASES = st.sampled_from(_EVERY).flatmap(lambda rule: st.tuples(st.just(rule), _pieces((rule,))))


@settings(max_examples=400, deadline=None)
@given(_CASES, st.integers(1, 7))
def test_findings_are_those_of_the_oracle(case: tuple[Rule, str], width: int) -> None:
    rule, text = case
    deltas = [text[at : at + width] for at in range(0, len(text), width)]
    assert [(start, end) for start, end, _ in scan(alone(rule), deltas)] == spans(rule, text)


@settings(max_examples=60, deadline=None)
@given(_pieces(RULES), st.integers(1, 7))
def test_together_the_rules_find_what_each_finds_alone(text: str, width: int) -> None:
    deltas = [text[at : at + width] for at in range(0, len(text), width)]
    together = scan(compile_rules(select(())), deltas)
    apart = [found for rule in RULES for found in scan(alone(rule), [text])]
    assert sorted(together) == sorted(apart)
