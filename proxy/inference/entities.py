"""From a token classifier's outputs to named pieces of the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OUTSIDE: Final = "O"
_PREFIXES: Final = frozenset(f"{letter}-" for letter in "BILUES")
"""What the schemes IOB, BILOU and IOBES put in front of a label."""
_FAMILIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("GIVEN_NAME", "SURNAME", "FIRST_NAME", "MIDDLE_NAME", "LAST_NAME"), "person"),
    **dict.fromkeys(("FIRSTNAME", "MIDDLENAME", "LASTNAME", "GIVENNAME"), "person"),
    **dict.fromkeys(("BUILDING_NUMBER", "STREET_NAME", "SECONDARY_ADDRESS", "CITY", "STATE", "ZIP_CODE"), "place"),
    **dict.fromkeys(("BUILDINGNUM", "STREET", "ZIPCODE"), "place"),
}
"""Labels that a model may hesitate between without doubting that something is named."""
_CERTAIN: Final = 0.5


class _Word(NamedTuple):
    start: int
    end: int
    label: str
    score: float


def bare(label: str) -> str:
    """Return ``label`` without the prefix of a tagging scheme."""
    return label[2:] if label[:2].upper() in _PREFIXES else label


def entities(
    logits: NDArray[np.floating], offsets: Sequence[tuple[int, int]], labels: Sequence[str], threshold: float
) -> list[tuple[int, int, str, float]]:
    """Return ``(start, end, label, score)`` of what is named, in text order, without overlaps.

    ``logits`` is ``[token, label]``, ``offsets`` says where each token stands in the text (characters, end exclusive;
    empty for tokens that stand for none of it), and ``labels`` names the columns. A word is what its pieces say on
    average. Its score is the probability of its label and of those that are like it: whether "Ross" is a given name
    or a surname matters less than that it is one. It counts where its score is at least ``threshold`` (0 to 1).

    Neighbouring words with the same label are one entity, with the greatest of their scores. A word below one half
    and one above are never joined, so that whoever applies a higher threshold later gets the words that it is for.
    Given name and surname stay apart: what lies between them only the text can tell.
    """
    found: list[_Word] = []
    previous: _Word | None = None
    for word in _words(logits, offsets, labels):
        named = word.label != _OUTSIDE and word.score >= threshold
        if named and found and _continues(found[-1], previous, word):
            last = found[-1]
            found[-1] = last._replace(end=word.end, score=max(last.score, word.score))
        elif named:
            found.append(word)
        previous = word
    return [(word.start, word.end, word.label, word.score) for word in found]


def _continues(entity: _Word, previous: _Word | None, word: _Word) -> bool:
    """Tell whether ``word``, which follows the word ``previous``, belongs to ``entity``."""
    if word.label != entity.label or (word.score < _CERTAIN) != (entity.score < _CERTAIN):
        return False
    if previous is None or previous.end == entity.end:
        return word.start - entity.end <= 1
    # One character close on both sides, such as the hyphen in "Jean-Luc"; the comma of a list has a space behind it.
    return entity.end == previous.start and previous.end == word.start and previous.end - previous.start == 1


def _words(logits: NDArray[np.floating], offsets: Sequence[tuple[int, int]], labels: Sequence[str]) -> Iterator[_Word]:
    names = sorted({bare(label) for label in labels})
    shares = _shares(logits, [names.index(bare(label)) for label in labels], len(names))
    families = [_FAMILIES.get(name.upper(), name) for name in names]
    for first, last in _pieces(offsets):
        mean = shares[first:last].mean(axis=0)
        best = _OUTSIDE, 0.0, 0.0
        for at, name in enumerate(names):
            if name != _OUTSIDE:
                whole = sum(float(mean[other]) for other, family in enumerate(families) if family == families[at])
                best = max(best, (name, whole, float(mean[at])), key=lambda choice: choice[1:])
        yield _Word(offsets[first][0], offsets[last - 1][1], best[0], min(best[1], 1.0))


def _pieces(offsets: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield ``first, last`` (exclusive) of the tokens of each word.

    Tokens without a gap are one word, except single characters: these are mostly punctuation, which is no word piece.
    """
    first: int | None = None
    for at, (start, end) in enumerate(offsets):
        if first is not None:
            before = offsets[at - 1]
            if start == before[1] and end - start > 1 and before[1] - before[0] > 1:
                continue
            yield first, at
            first = None
        if end > start:
            first = at
    if first is not None:
        yield first, len(offsets)


def _shares(logits: NDArray[np.floating], columns: Sequence[int], names: int) -> NDArray[np.floating]:
    """``[token, name]``: the probabilities of the labels (softmax), summed where they differ by their prefix only."""
    import numpy as np

    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: NDArray[np.floating] = (powers / powers.sum(axis=-1, keepdims=True)) @ np.eye(names)[list(columns)]
    return shares
