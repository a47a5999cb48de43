"""Telling a secret from a stand-in: randomness and the words people write where a secret goes.

Entropy is Shannon's (C. E. Shannon, "A Mathematical Theory of Communication", 1948), in bits per character of the
text's own letter frequencies. All functions are pure and never raise, so they serve as validators of rules.
"""

from __future__ import annotations

import re
from collections import Counter
from math import log2

_RUN = re.compile(r"(.)\1{5}", re.DOTALL)
_STAND_IN = re.compile(
    r"your[-_. ]?(?:own|api|key|token|secret|pass|project|access|account|client|name)"
    r"|placeholder|insert|redacted|xxxx|\*\*\*|\.\.\.",
    re.IGNORECASE,
)
_SAMPLE_WORD = re.compile(
    r"change[_-]?(?:me|this)|example|replace[_-]?(?:me|with|this)|dummy|sample|foobar|not[_-]?real", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"[<{(\[]|\$[{(]|\$[A-Z_][A-Z0-9_]*\Z|\$[a-z]+(?:_[a-z0-9]+)+\Z|%[({]|%[A-Z_]+%\Z"
    r"|(?i:env\b|environ|getenv|config\.|settings\.|secrets\.|vault:)"
)
_DOTTED_NAMES = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_WORD = re.compile(r"[A-Za-z]*[0-9]{0,4}")


def entropy(text: str) -> float:
    """Return the Shannon entropy of ``text`` in bits per character; 0 for the empty text."""
    total = len(text)
    return -sum(count / total * log2(count / total) for count in Counter(text).values())


def is_varied(text: str) -> bool:
    """Tell whether a key in a provider's format is more than filler such as ``xxxxxx`` or ``your-key``."""
    return not _RUN.search(text) and not _STAND_IN.search(text)


def is_random(text: str) -> bool:
    """Tell whether the value of an assignment looks generated: mixed, of high entropy, no name and no filler."""
    if not is_varied(text) or _SAMPLE_WORD.search(text) or _REFERENCE.match(text):
        return False
    if not any(ch.isdigit() for ch in text) or not any(ch.isalpha() for ch in text):
        return False
    if "://" in text or all(_WORD.fullmatch(part) for part in _SEPARATORS.split(text)):
        return False
    return entropy(text) >= (3.0 if len(text) < 32 else 3.2)


def is_password(text: str) -> bool:
    """Tell whether the text beside a password's name is one: figures, or letters and others, and no filler."""
    if not is_varied(text) or _SAMPLE_WORD.search(text) or _REFERENCE.match(text) or _DOTTED_NAMES.fullmatch(text):
        return False
    if text.isdigit():
        return len(set(text)) > 4
    letters = any(ch.isalpha() for ch in text)
    others = any(ch.isdigit() or ch in "!@#$%^&*?+~=" for ch in text)
    return letters and others and len(set(text)) > 4 and not any(ch in "()[]{}<>" for ch in text)
