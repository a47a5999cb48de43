"""``${NAME}``: what it becomes, and that nothing in the environment can change more than one string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.problems import ConfigError, Problems
from proxy.config.substitution import substitute

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(max_size=20)
# Text that is no reference and cannot become one beside another piece.
PLAIN = st.text(st.characters(exclude_characters="${}"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def trees(strings: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        SCALARS | strings,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    )


def resolve(tree: object, environ: dict[str, str]) -> object:
    problems = Problems()
    result = substitute(tree, environ, problems)
    problems.raise_if_any()
    return result


@given(trees(st.text(st.characters(exclude_characters="{"), max_size=12)))
def test_a_tree_without_references_is_unchanged(tree: object) -> None:
    assert resolve(tree, {}) == tree


@given(st.lists(st.tuples(PLAIN, NAMES, TEXTS), max_size=4), PLAIN)
def test_references_become_values_and_values_are_not_read_again(pieces: list[tuple[str, str, str]], end: str) -> None:
    environ = {name: value for _, name, value in pieces}
    template = "".join(f"{plain}${{{name}}}" for plain, name, _ in pieces) + end
    expected = "".join(plain + environ[name] for plain, name, _ in pieces) + end
    assert resolve([{"key": template}], environ) == [{"key": expected}]


@given(TEXTS)
def test_every_text_can_be_written_by_escaping(text: str) -> None:
    assert resolve(text.replace("${", "$${"), {}) == text


@given(NAMES, PLAIN, st.sampled_from([None, "", "set"]))
def test_a_default_stands_in_for_an_unset_or_empty_variable(name: str, default: str, value: str | None) -> None:
    environ = {} if value is None else {name: value}
    assert resolve(f"${{{name}:-{default}}}", environ) == (value or default)


@given(trees(NAMES.map(lambda name: f"<${{{name}}}>")))
def test_missing_variables_are_each_named_with_their_path(tree: object) -> None:
    leaves = _strings(tree, "")
    if not leaves:
        assert resolve(tree, {}) == tree
        return
    with pytest.raises(ConfigError) as caught:
        resolve(tree, {})
    assert {p.rpartition(": ")[2] for p in caught.value.problems} == {
        f"environment variable {leaf[3:-2]} is not set" for leaf in leaves.values()
    }
    assert len(caught.value.problems) == len(leaves)


def _strings(tree: object, path: str) -> dict[str, str]:
    if isinstance(tree, str):
        return {path: tree}
    pairs: list[tuple[str, object]] = []
    if isinstance(tree, dict):
        pairs = [(f"{path}.{key}" if path else key, value) for key, value in tree.items()]
    elif isinstance(tree, list):
        pairs = [(f"{path}[{index}]", value) for index, value in enumerate(tree)]
    found: dict[str, str] = {}
    for where, value in pairs:
        found |= _strings(value, where)
    return found


@pytest.mark.parametrize("text", ["${", "${A", "${}", "${1A}", "${A-B}", "${A B}", "x${A}${"])
def test_a_malformed_reference_is_a_problem(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^a\[0\]: malformed reference"):
        resolve({"a": [text]}, {"A": "1"})


@pytest.mark.parametrize("text", ["$A", "$$A", "$", "{A}", "$ {A}", "US$ 5"])
def test_other_dollars_are_plain_text(text: str) -> None:
    assert resolve(text, {"A": "1"}) == text


def test_keys_are_not_substituted() -> None:
    assert resolve({"${A}": "${A}"}, {"A": "1"}) == {"${A}": "1"}


def test_shared_parts_stay_shared() -> None:
    words = ["${A}"] * 1000
    document = {str(index): [words] * 1000 for index in range(1000)}
    result = resolve(document, {"A": "x"})
    assert isinstance(result, dict)
    assert result["0"][0] is result["999"][999]
