"""Results as one HTML file: no scripts, nothing from elsewhere, readable on light and dark screens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from proxy.inference.evaluation.report import COLUMNS, FLAG_MARK, decimals, lines
from proxy.inference.evaluation.results import Mistake, Result
from proxy.inference.evaluation.svg import histogram_chart, line_chart

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2126; --paper: #ffffff; --soft: #5a6670; --line: #d5dbe0;
  --curve: #0b62a4; --mark: #b3261e; --positive: #b3541e; --negative: #3f7cac; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ed; --paper: #14181b; --soft: #a3afb8; --line: #343c43;
  --curve: #6db3ee; --mark: #ff8a80; --positive: #f0a070; --negative: #7fb6e0; } }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1, h2, h3 { line-height: 1.25; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { text-align: left; color: var(--soft); padding: .3rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem; text-align: right; }
th { color: var(--soft); font-weight: 600; }
.name, .words { text-align: left; }
.words { white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; margin: .5rem 0; }
figure { margin: 0; width: min(22rem, 100%); }
figcaption { color: var(--soft); font-size: .85rem; }
svg { width: 100%; height: auto; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
.grid { stroke: var(--line); stroke-width: .6; }
.chance { stroke: var(--soft); stroke-dasharray: 4 4; }
.curve { fill: none; stroke: var(--curve); stroke-width: 2; }
.mark { fill: var(--mark); }
.positive { fill: var(--positive); }
.negative { fill: var(--negative); }
summary { cursor: pointer; }
""".strip()

_NAMES: Final = ("name", "name")
_THRESHOLDS: Final = ("threshold", "TPR", "FPR", "precision")


def page(title: str, notes: Iterable[str], found: Sequence[Result], before: str = "") -> str:
    """Return the page: ``title``, ``notes`` as paragraphs, ``before`` (HTML), the table, and a section for each result.

    A result has a section of its own where it has curves or mistakes to show.
    """
    paragraphs = "".join(f"<p>{escape(note)}</p>" for note in notes)
    detailed = "".join(_section(result) for result in found if result.points or result.mistakes or _one_sided(result))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1>{paragraphs}{before}<h2>All sets</h2>{_overview(found)}{detailed}</body></html>\n"
    )


def html_table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], classes: Sequence[str] = ()) -> str:
    """Return a table of texts; ``classes`` are those of the first columns."""
    styles = [*classes, *[""] * (len(head) - len(classes))]
    top = "".join(
        f'<th scope="col"{_class(style)}>{escape(text)}</th>' for text, style in zip(head, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{_class(style)}>{escape(text)}</td>" for text, style in zip(row, styles, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _class(style: str) -> str:
    return f' class="{style}"' if style else ""


def _overview(found: Sequence[Result]) -> str:
    caption = (
        "Rates are shares from 0 to 1. Latency is of one text with all its windows. Held: characters that came before "
        f"text could leave. {FLAG_MARK}: the area is that of the flag, since there is no score."
    )
    return html_table(caption, COLUMNS, lines(found), _NAMES)


def _one_sided(result: Result) -> bool:
    """Whether there are scores, but of one kind of text only, so that there is no curve."""
    return bool(result.bins) and not result.points


def _section(result: Result) -> str:
    name = f"{result.detector}: {result.set}"
    parts = [f"<section><h3>{escape(name)}</h3>", '<div class="charts">', *_charts(result, name), "</div>"]
    if result.thresholds:
        rows = [[f"{point.threshold:.2f}", *map(decimals, point[1:])] for point in result.thresholds]
        made = html_table(f"What other thresholds would do on {result.set}", _THRESHOLDS, rows)
        parts.append(f"<details><summary>Thresholds</summary>{made}</details>")
    for label, kind in ((False, "False positives"), (True, "False negatives")):
        wrong = [each for each in result.mistakes if each.label is label]
        if wrong:
            parts.append(f"<details><summary>{kind}</summary>{_mistakes(kind, wrong)}</details>")
    return "".join([*parts, "</section>"])


def _charts(result: Result, name: str) -> list[str]:
    counts = result.counts
    charts: list[str] = []
    if result.points:
        roc = [(0.0, 0.0), *((point.false_positive_rate, point.true_positive_rate) for point in result.points)]
        rates = counts.false_positive_rate, counts.recall
        mark = (rates[0], rates[1]) if rates[0] is not None and rates[1] is not None else None
        axes = "false-positive rate", "true-positive rate"
        drawn = line_chart(f"ROC curve of {name}", axes, roc, mark, diagonal=True)
        charts.append(_figure(drawn, f"ROC curve, area {decimals(result.area)}; the dot is the policy's threshold"))
        recalls = [(point.true_positive_rate, point.precision) for point in result.points]
        mark = (counts.recall, counts.precision) if counts.recall is not None and counts.precision is not None else None
        drawn = line_chart(f"Precision and recall of {name}", ("recall", "precision"), recalls, mark)
        charts.append(_figure(drawn, "Precision and recall"))
    if result.bins:
        drawn = histogram_chart(f"Scores of {name}", result.bins)
        charts.append(_figure(drawn, "Scores: to be found (left bars) and not to be found (right bars)"))
    return charts


def _figure(drawn: str, caption: str) -> str:
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"


def _mistakes(kind: str, wrong: Iterable[Mistake]) -> str:
    return html_table(f"{kind}, the worst first", ("text", "score"), _texts(wrong), ("words",))


def _texts(wrong: Iterable[Mistake]) -> list[list[str]]:
    return [[each.text, decimals(each.score)] for each in wrong]
