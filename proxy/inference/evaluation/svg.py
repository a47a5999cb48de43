"""Charts as inline SVG, coloured by the page's style sheet. Both axes of curves run from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from proxy.inference.evaluation.curves import Bin

_WIDTH, _HEIGHT = 320, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 40
_PLOT_WIDTH: Final = _WIDTH - _LEFT - _RIGHT
_PLOT_HEIGHT: Final = _HEIGHT - _TOP - _BOTTOM
_TICKS: Final = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

Pair = tuple[float, float]


def line_chart(
    title: str, axes: tuple[str, str], points: Iterable[Pair], mark: Pair | None = None, *, diagonal: bool = False
) -> str:
    """Return a curve through ``points`` (x, y from 0 to 1) with a mark where the detector works.

    ``title`` is read to those who cannot see the chart; ``axes`` are the names of x and y.
    """
    path = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    parts = [_axes(axes, [(f"{tick:g}", tick) for tick in _TICKS], [(f"{tick:g}", tick) for tick in _TICKS])]
    if diagonal:
        parts.append(f'<line class="chance" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>')
    parts.append(f'<polyline class="curve" points="{path}"/>')
    if mark is not None:
        parts.append(f'<circle class="mark" cx="{_x(mark[0]):.1f}" cy="{_y(mark[1]):.1f}" r="4.5"/>')
    return _chart(title, parts)


def histogram_chart(title: str, bins: Sequence[Bin]) -> str:
    """Return how many positives and negatives have which scores, side by side, each as a share of its kind."""
    totals = sum(each.positives for each in bins) or 1, sum(each.negatives for each in bins) or 1
    shares = [(each.positives / totals[0], each.negatives / totals[1]) for each in bins]
    most = max((max(pair) for pair in shares), default=0) or 1
    width = _PLOT_WIDTH / len(bins)
    bars: list[str] = []
    for number, pair in enumerate(shares):
        for place, (share, kind) in enumerate(zip(pair, ("positive", "negative"), strict=True)):
            height = share / most * _PLOT_HEIGHT
            left = _LEFT + number * width + 1 + place * (width - 2) / 2
            if height:
                bars.append(
                    f'<rect class="{kind}" x="{left:.1f}" y="{_TOP + _PLOT_HEIGHT - height:.1f}"'
                    f' width="{(width - 2) / 2:.1f}" height="{height:.1f}"/>'
                )
    low, high = bins[0].low, bins[-1].high
    across = [(f"{low + tick * (high - low):.2g}", tick) for tick in _TICKS]
    up = [(f"{tick * most:.2f}", tick) for tick in _TICKS]
    return _chart(title, [_axes(("score", "share of its kind"), across, up), *bars])


def _chart(title: str, parts: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _axes(names: tuple[str, str], across: Iterable[tuple[str, float]], up: Iterable[tuple[str, float]]) -> str:
    parts: list[str] = []
    for text, at in across:
        parts.append(f'<line class="grid" x1="{_x(at):.1f}" x2="{_x(at):.1f}" y1="{_y(0):.1f}" y2="{_y(1):.1f}"/>')
        parts.append(f'<text x="{_x(at):.1f}" y="{_y(0) + 14:.1f}" text-anchor="middle">{text}</text>')
    for text, at in up:
        parts.append(f'<line class="grid" x1="{_x(0):.1f}" x2="{_x(1):.1f}" y1="{_y(at):.1f}" y2="{_y(at):.1f}"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{_y(at) + 4:.1f}" text-anchor="end">{text}</text>')
    middle, centre = _LEFT + _PLOT_WIDTH / 2, _TOP + _PLOT_HEIGHT / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(names[0])}</text>')
    parts.append(f'<text transform="translate(11 {centre}) rotate(-90)" text-anchor="middle">{escape(names[1])}</text>')
    return "".join(parts)


def _x(share: float) -> float:
    return _LEFT + share * _PLOT_WIDTH


def _y(share: float) -> float:
    return _TOP + (1 - share) * _PLOT_HEIGHT
