"""Client API keys: what a good one looks like, how it is stored, and how a presented one is checked."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

from proxy.config.deployment import ClientKey
from proxy.config.problems import Problems
from proxy.config.shapes import KeyEntry

MIN_KEY_LENGTH = 16
"""Characters; a shorter key is refused."""

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_PRINTABLE = re.compile(r"[!-~]*")


def digest(key: str) -> bytes:
    """The SHA-256 digest (32 bytes) under which a key is stored.

    Keys are random, not chosen by people, so a fast hash is enough: there is no dictionary to try.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def weakness(key: str) -> str | None:
    """Why ``key`` cannot serve as a client's API key, or None where it can. Never quotes the key."""
    if len(key) < MIN_KEY_LENGTH:
        return f"has {len(key)} characters; at least {MIN_KEY_LENGTH} are needed"
    if _PRINTABLE.fullmatch(key) is None:
        return "has blanks, line breaks or characters outside ASCII, which a header cannot carry"
    return None


def authenticate(keys: Sequence[ClientKey], presented: str) -> ClientKey | None:
    """The key that ``presented`` is, or None.

    All keys are compared, each in constant time, so that the time taken tells neither which key nor how
    much of it was right.
    """
    wanted = digest(presented)
    found: ClientKey | None = None
    for key in keys:
        if hmac.compare_digest(key.digest, wanted):
            found = key
    return found


def compile_keys(entries: Iterable[tuple[str, KeyEntry]], problems: Problems) -> tuple[ClientKey, ...]:
    """The configured keys as digests; names and keys have to be unique. Problems are noted by path."""
    names: dict[str, str] = {}
    digests: dict[bytes, str] = {}
    keys: list[ClientKey] = []
    for path, entry in entries:
        if entry.name in names:
            problems.add(f"{path}.name", f"{problems.quote(entry.name)} is already the name of {names[entry.name]}")
        names.setdefault(entry.name, path)
        stored = _stored(entry, path, problems)
        if stored is None:
            continue
        if stored in digests:
            problems.add(path, f"this is the same key as {digests[stored]}")
        digests.setdefault(stored, path)
        keys.append(ClientKey(entry.name, stored))
    return tuple(keys)


def _stored(entry: KeyEntry, path: str, problems: Problems) -> bytes | None:
    if entry.key is not None and entry.key_sha256 is None:
        if reason := weakness(entry.key):
            problems.add(f"{path}.key", reason)
            return None
        return digest(entry.key)
    if entry.key_sha256 is not None and entry.key is None:
        if _DIGEST.fullmatch(entry.key_sha256) is None or bytes.fromhex(entry.key_sha256) == digest(""):
            problems.add(f"{path}.key_sha256", "expected the SHA-256 of a key, 64 hexadecimal digits")
            return None
        return bytes.fromhex(entry.key_sha256)
    problems.add(path, "expected exactly one of `key` and `key_sha256`")
    return None
