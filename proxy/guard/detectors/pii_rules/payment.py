"""Payment cards (ISO/IEC 7812, issuer ranges as the networks publish them), IBANs (ISO 13616) and crypto addresses.

Crypto addresses: Bitcoin and Litecoin (Base58Check; BIP 173 and 350), Ethereum (EIP-55), Ripple, Tron, Dogecoin,
Monero (a public address of 95 or 106 characters), Cardano (CIP-19).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from stdnum import iban

from proxy.guard.detectors.pii_rules.building import BOUNDARY
from proxy.guard.detectors.pii_rules.checksums import base58check, bech32_address, payment_card
from proxy.guard.detectors.pii_rules.entropy import is_varied
from proxy.guard.detectors.pii_rules.validators import by_stdnum
from proxy.guard.rule import Rule

_GAP = r"[ \u00a0.\u2011\u2013-]?"
_FOURS = rf"[2-6][0-9]{{3}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{1,4}}(?:{_GAP}[0-9]{{1,3}})?"
_AMEX_OR_DINERS = rf"3[0-9]{{3}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}}"
_BASE58 = "1-9A-HJ-NP-Za-km-z"
_BECH32 = "02-9ac-hj-np-z"


def _address(name: str, pattern: str, example: str, validate: Callable[[str], bool] = base58check) -> Rule:
    counter_examples: tuple[str, ...] = (f"x{example}", example[:20])
    if validate is not is_varied:
        counter_examples += (example[:-2] + "22",)
    return Rule(
        name=name,
        label="CRYPTO",
        group="pii",
        pattern=BOUNDARY + pattern,
        validate=validate,
        examples=(f"send it to «{example}».", f"«{example}»"),
        counter_examples=counter_examples,
    )


RULES: Final = (
    Rule(
        name="credit_card",
        label="CREDIT_CARD",
        group="pii",
        pattern=rf"(?<![A-Za-z0-9+])(?:{_FOURS}|{_AMEX_OR_DINERS})(?![0-9])",
        validate=payment_card,
        examples=(
            "card «4111 1111 1111 1111» exp 12/30",
            "«5555555555554444»",
            "«4111-1111-1111-1111» 123",
            "Amex «3782 822463 10005».",
            "Diners «3056 930902 5904»",
            "JCB «3530111333300000»,",
            "Mastercard «2223 0031 2200 3222»",
            "«6011000990139424»/08",
        ),
        counter_examples=(
            "4111 1111 1111 1112",
            "0000 0000 0000 0000",
            "order 4539 5787",
            "+4915112345678",
            "1234567890123456",
        ),
    ),
    Rule(
        name="iban_code",
        label="IBAN_CODE",
        group="pii",
        pattern=(
            rf"{BOUNDARY}(?:[A-Z]{{2}}[0-9]{{2}}(?:[ -]?[A-Z0-9]{{4}}){{2,7}}(?:[ -]?[A-Z0-9]{{1,3}})?"
            r"|[a-z]{2}[0-9]{2}[a-z0-9]{11,30})(?![A-Za-z0-9])"
        ),
        validate=by_stdnum(iban),
        examples=(
            "pay to «DE89 3704 0044 0532 0130 00» today",
            "«GB82WEST12345698765432»",
            "IBAN: «NO9386011117947».",
            "«fr1420041010050500013m02606»",
            "«NL91 ABNA 0417 1643 00» NEXT WEEK",
        ),
        counter_examples=("DE89 3704 0044 0532 0130 01", "GB82WEST", "model AB12 CDEF 3456 WXYZ"),
    ),
    _address("bitcoin_address", rf"[13][{_BASE58}]{{25,34}}(?![{_BASE58}])", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    _address(
        "bitcoin_segwit_address",
        rf"(?:bc1[{_BECH32}]{{11,71}}|BC1[02-9AC-HJ-NP-Z]{{11,71}})(?![A-Za-z0-9])",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        validate=bech32_address,
    ),
    _address(
        "litecoin_or_cardano_address",
        rf"(?:ltc1|addr1)[{_BECH32}]{{11,98}}(?![A-Za-z0-9])",
        "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
        validate=bech32_address,
    ),
    _address(
        "ethereum_address",
        r"0x[0-9A-Fa-f]{40}(?![0-9A-Za-z])",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        validate=is_varied,
    ),
    _address("ripple_address", rf"r[{_BASE58}]{{24,34}}(?![{_BASE58}])", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
    _address("tron_address", rf"T[{_BASE58}]{{33}}(?![{_BASE58}])", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
    _address("dogecoin_address", rf"D[{_BASE58}]{{33}}(?![{_BASE58}])", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"),
    _address(
        "monero_address",
        rf"[48][0-9AB][{_BASE58}]{{93}}(?:[{_BASE58}]{{11}})?(?![{_BASE58}])",
        "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",
        validate=is_varied,
    ),
)
