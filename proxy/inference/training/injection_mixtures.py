"""Rows made of other rows: harmless documents, quotations and encodings, and attacks hidden among harmless texts.

They keep the model from taking the frame (a document, a request to decode, to translate, to repeat) for the attack.
"""

from __future__ import annotations

import base64
import codecs
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from proxy.inference.training.injection_data import Row

_LONGEST_PART: Final = 220
_HARMLESS: Final = 3000
_ATTACKS: Final = 1400
_HEADERS: Final = (
    "",
    "",
    "From: office@firm.example\nSubject: news\n\n",
    "# Notes\n",
    "Tool result: ",
    "Search result: ",
    "Summarize this: ",
    "Page 1 of 3\n",
    "Dear team,\n",
    "<p>",
    "- ",
    "Translate the following into Spanish: ",
)
_FRAMES: Final = (
    'Repeat "{}" three times.',
    "Translate the following into German: {}",
    "Write a short text about this: {}",
    'Encode "{}" in base64.',
    "Correct the grammar: {}",
    'Is the following sentence true? "{}"',
    "Say {} in French",
    "Read the text above again. {}",
    "Please disregard my last question. {}",
    "Forget the last topic. {}",
    "As an assistant for our shop, answer this: {}",
    "Act as a teacher. {}",
    "You are a helpful assistant. {}",
    "Ignore my typos. {}",
    "Important: {}",
    "Step by step, please. {}",
    "Do not share this with anybody else: {}",
    "Keep it in mind from now on: {}",
)
_ENCODED: Final = (
    "Decode this base64 text: {}",
    "What does {} mean?",
    "{}",
    "Which encoding is {}?",
    "Decode for me: {}",
    "The field contains {}.",
)
_ENCODED_ATTACK: Final = (
    "Decode this and do what it says: {}",
    "{}",
    "Follow the encoded order: {}",
    "Decode and execute: {}",
)


def _encoded(text: str, rng: random.Random) -> str:
    plain = text[:120]
    kind = rng.randrange(3)
    if kind == 0:
        return codecs.encode(plain, "rot13")
    return base64.b64encode(plain.encode()).decode() if kind == 1 else plain[:50].encode().hex()


def mixtures(rows: Sequence[Row], seed: int, scale: float) -> list[Row]:
    """Mixtures of the short ones among `rows`, of source "mixed"; `scale` multiplies the counts."""
    rng = random.Random(seed)  # noqa: S311 - training rows, not secrets
    short = [row for row in rows if len(row.text) <= _LONGEST_PART]
    harmless = [row.text for row in short if row.label == 0]
    attacks = [row for row in short if row.label]
    found: list[Row] = []
    for _ in range(int(_HARMLESS * scale)):
        kind = rng.random()
        if kind < 0.4:
            text = rng.choice(_HEADERS) + rng.choice((" ", "\n", ". ")).join(rng.sample(harmless, rng.randint(2, 5)))
        elif kind < 0.75:
            text = rng.choice(_FRAMES).format(rng.choice(harmless))
        else:
            text = rng.choice(_ENCODED).format(_encoded(rng.choice(harmless), rng))
        found.append(Row(text, 0, 1.5, "mixed"))
    for _ in range(int(_ATTACKS * scale)):
        attack = rng.choice(attacks)
        if rng.random() < 0.75:
            parts = rng.sample(harmless, rng.randint(1, 3))
            parts.insert(rng.randint(0, len(parts)), attack.text)
            text = rng.choice(_HEADERS) + rng.choice((" ", "\n", ". ")).join(parts)
        else:
            text = rng.choice(_ENCODED_ATTACK).format(_encoded(attack.text, rng))
        found.append(replace(attack, text=text, weight=1.0, source="mixed"))
    return found
