"""Client keys: only digests are kept, and a wrong key costs as much as a right one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.deployment import ClientKey, Configuration
from proxy.config.keys import authenticate, digest

PRESENTED = st.text(max_size=40)


def client(name: str, key: str) -> ClientKey:
    return ClientKey(name, digest(key))


@given(st.lists(PRESENTED, unique=True, max_size=5), PRESENTED)
def test_exactly_the_presented_key_is_found(keys: list[str], presented: str) -> None:
    stored = [client(f"client {index}", key) for index, key in enumerate(keys)]
    found = authenticate(stored, presented)
    assert found == (stored[keys.index(presented)] if presented in keys else None)


def test_any_text_a_header_can_carry_may_be_presented() -> None:
    assert authenticate([client("a", "k" * 16)], "\udcff\ud83d") is None


@pytest.mark.parametrize("presented", ["first-key-of-client", "last-key-of-client", "none of these keys", ""])
def test_every_key_is_compared_whole_whatever_is_presented(monkeypatch: pytest.MonkeyPatch, presented: str) -> None:
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def spy(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    names = ["first", "middle", "last"]
    authenticate([client(name, f"{name}-key-of-client") for name in names], presented)
    assert compared == [(32, 32)] * 3


def test_a_plain_key_and_its_digest_are_the_same(configure: Callable[..., Configuration]) -> None:
    key = "client-key-of-20-chars"
    plain = configure().keys
    hashed = configure((("api_keys",), [{"name": "frontend", "key_sha256": hashlib.sha256(key.encode()).hexdigest()}]))
    assert plain == hashed.keys == (ClientKey("frontend", hashlib.sha256(key.encode()).digest()),)
    assert authenticate(plain, key) is plain[0]


def test_upper_case_digests_are_taken(configure: Callable[..., Configuration]) -> None:
    upper = digest("client-key-of-20-chars").hex().upper()
    keys = configure((("api_keys",), [{"name": "a", "key_sha256": upper}])).keys
    assert authenticate(keys, "client-key-of-20-chars") is keys[0]


def test_the_digest_of_an_empty_key_is_refused(configure: Callable[..., Configuration]) -> None:
    with pytest.raises(Exception, match=r"^api_keys\[0\]\.key_sha256: "):
        configure((("api_keys",), [{"name": "a", "key_sha256": digest("").hex()}]))
