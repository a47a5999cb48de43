"""The published report: generated values, packages wherever they are, figures against aims, and what is written."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn

from proxy.inference.evaluation import pii_sets
from proxy.inference.evaluation.figures import AIMS, HEAD, Aim, Figure, figures, rows
from proxy.inference.evaluation.metrics import Counts, Span
from proxy.inference.evaluation.published_report import Streamed, Study, write
from proxy.inference.evaluation.results import Result, results
from proxy.inference.evaluation.rows import Row
from proxy.inference.evaluation.running import Outcome
from proxy.inference.evaluation.sources import MODULES, find_packages, versions


@given(st.integers(), st.integers(1, 3), st.sampled_from([pii_sets.structured, pii_sets.secrets]))
def test_generated_rows_mark_their_values_and_follow_from_the_seed(seed: int, each: int, make: object) -> None:
    assert callable(make)
    made: list[Row] = make(seed, each)
    assert made == make(seed, each)
    for row in made:
        for span in row.spans("pii") or ():
            value = row.text[span.start : span.end]
            assert value == value.strip()
            assert len(value) >= 6
            assert not set("«»{}") & set(row.text)
    assert 0 < sum(bool(row.truth("pii")) for row in made) < len(made)


def test_checksums_hold_in_values_and_fail_in_what_looks_like_them() -> None:
    made = pii_sets.structured(3, 50)
    checked = {True: 0, False: 0}
    for row in made:
        there = bool(row.truth("pii"))
        for card in re.findall(r"(?<![\w ])\d{16}(?!\w)", f"\n{row.text}"):
            assert luhn.is_valid(card) == there
            checked[there] += 1
        for account in re.findall(r"DE\d{20}", row.text):
            assert iban.is_valid(account) == there
            checked[there] += 1
    assert all(checked.values())


@pytest.mark.parametrize("form", ["wheels", "apart", "together"])
def test_packages_are_found_in_every_form(tmp_path: Path, form: str) -> None:
    folder, work = tmp_path / "given", tmp_path / "work"
    folder.mkdir()
    for name, module in list(MODULES.items())[:3]:
        files = (f"{module}/data.txt", f"{module}-1.2.dist-info/METADATA")
        if form == "wheels":
            with ZipFile(folder / f"{module}-1.2-py3-none-any.whl", "w") as wheel:
                for file in files:
                    wheel.writestr(file, "x")
            continue
        for file in files:
            path = (folder / name if form == "apart" else folder) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x", "utf-8")
    found = find_packages(folder, work)
    assert list(found) == list(MODULES)[:3]
    assert all((found[name] / MODULES[name] / "data.txt").is_file() for name in found)
    assert versions(found) == dict.fromkeys(found, "1.2")


def _result(aim: Aim, value: float | None) -> Result:
    counts = Counts()
    return Result(
        detector=aim.detector,
        set=aim.set,
        texts=10,
        positives=5,
        failed=0,
        counts=counts,
        entities=None,
        area=value,
        scored=True,
        milliseconds=(1.0, 2.0),
        held=None,
    )


@given(st.sampled_from([aim for aim in AIMS if aim.measure == "auc"]), st.none() | st.floats(0, 1))
def test_an_aim_is_met_on_the_right_side_of_its_limit(aim: Aim, value: float | None) -> None:
    made = {figure.aim: figure for figure in figures([_result(aim, value)])}
    assert list(made) == list(AIMS)
    assert made[aim].measured == value
    assert made[aim].met == (None if value is None else value >= aim.limit)
    assert all(figure.met is None for other, figure in made.items() if other != aim)
    upper = aim._replace(most=True)
    assert Figure(upper, value, 1).met == (None if value is None else value <= aim.limit)


def test_every_figure_has_a_line_that_says_whether_it_is_met() -> None:
    lines = rows([Figure(AIMS[0], 0.5, 9), Figure(AIMS[0], 0.9, 9), Figure(AIMS[0], None, 0)])
    assert [len(line) for line in lines] == [len(HEAD)] * 3
    assert [line[-1] for line in lines] == ["no", "yes", "-"]
    assert lines[2][2] == "not measured"


def test_figures_measured_apart_stand_beside_the_others() -> None:
    aim = AIMS[-1]
    made = {figure.aim: figure for figure in figures([], {(aim.detector, aim.set, aim.measure): (12.0, 3)})}
    assert (made[aim].measured, made[aim].cases) == (12.0, 3)


def _outcome(row: Row) -> Outcome:
    score = len(row.text) / 40
    return Outcome(flagged=score >= 0.5, score=score, spans=(Span(0, 1, "X"),), seconds=0.01)


def test_the_report_names_what_was_missed_and_what_was_not_there_and_quotes_no_text(tmp_path: Path) -> None:
    judged = [Row(f"secret text {'x' * number}", bool(number % 3), set="bastioncorpus") for number in range(20)]
    found = results("injection_attack", judged, [_outcome(row) for row in judged], streamed=False)
    study = Study(
        figures=figures(found),
        options={"nsfw": {"threshold": 0.3}},
        results=found,
        streamed=[Streamed("pii", 3, (0.0, 40), (1.0, 2.0))],
        versions={"garak": "1.0"},
        missing=["pyrit"],
        machine="a small one",
        limits=(10, 20, 1),
    )
    write(study, tmp_path)
    for name in ("report.md", "report.html"):
        text = (tmp_path / name).read_text("utf-8")
        assert "secret text" not in text
        assert "Aims missed: injection_attack, bastioncorpus: TPR; injection_attack, bastioncorpus: FPR." in text
        assert "not there: pyrit" in text
        assert "nsfw threshold 0.3" in text
        assert "garak 1.0" in text
        assert "measured on a small one" in text
        assert "not measured" in text
