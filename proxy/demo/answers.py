"""What the demo model can say, as data, and which answer a prompt gets.

Every person, account and key in here is invented. The addresses are the ones set aside for documentation
(example.com, RFC 2606; 192.0.2.0/24, RFC 5737; 2001:db8::/32, RFC 3849), the card is the payment
industry's test number. Keys have a real format and no owner; they are put together from parts so that no
scanner of this repository takes them for leaked ones.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass

CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"
PHONE = "+44 20 7946 0958"
AWS_KEY = "AKIA" + "Q3E7VHKX" + "M5RTW2ZB"
GITHUB_TOKEN = "ghp" + "_" + "u7Kd2mXw9RzT4bVq" + "1LsYc8NfHj5PgEa3oB6i"
STRIPE_KEY = "sk" + "_live_" + "4hTq9ZxB2mKw" + "7RvN3cYd8PfL"


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing to say: reasoning first, then content."""

    keywords: frozenset[str]
    """Words of a prompt that ask for this answer; without any it is only ever picked by hash."""
    content: str
    reasoning: str = ""


def _answer(keywords: str, content: str, reasoning: str = "") -> Answer:
    return Answer(frozenset(keywords.split()), content, reasoning)


ANSWERS: tuple[Answer, ...] = (
    _answer(
        "ticket tickets customer support",
        "Here is the ticket, shortened.\n\n"
        f"Maria Lopez (maria.lopez@example.com, {PHONE}) wrote that her invoice is wrong. She paid with "
        f"card {CARD} and was charged twice. The second charge came from the test system at 192.0.2.45, "
        f"which still runs with the live key {STRIPE_KEY}. She also asks whether Project Bluebird will "
        "be ready in May.\n\n"
        "I would refund the second charge, replace the key today, and answer the last question in person.",
    ),
    _answer(
        "long essay",
        "\n\n".join(
            (
                "Tides are long waves. The moon pulls on the ocean, and a little less on its far side, and "
                "so the water rises in two places at once. As the earth turns, every coast meets both.",
                "The sun helps or hinders. When it stands in line with the moon, the two pull together and "
                "the tides are high; when it stands at a right angle, they are low. Sailors have kept "
                "tables of this for some two thousand years.",
                "A harbour turns this into work. A lock has a gate at either end, and only one of them is "
                "ever open. A ship goes in, the gate behind it closes, the water finds its level, and the "
                "gate ahead opens. Nothing is stopped that may pass; nothing passes unseen.",
                "The harbour master of our story, reachable at harbour@example.com, kept a ledger. Each "
                "ship had a line: its name, its cargo, the depth it drew. A barrel of moonshine was found "
                "among the salted fish once, and the line for that ship was never finished.",
                "Later the ledger went to a machine at 198.51.100.17, and the pages can still be read at "
                "https://archive.example.com/ledger?year=1911 by whoever cares to look.",
                "What has not changed is the patience of it. The gate opens as soon as the water allows, "
                "not a moment later, and never a moment before.",
            )
        ),
    ),
    _answer(
        "reasoning reason think why",
        "Yes, you can reach her: she answers at maria.lopez@example.com, usually within a day.",
        "The question is how to reach Maria. Her file has the address maria.lopez@example.com and the card "
        f"{CARD}. Only the address is needed, so I shall leave the card out.",
    ),
    _answer(
        "email emails mail address contact",
        "Of course. Write to maria.lopez@example.com about the invoice and to billing@example.org about the "
        "refund; both are read every morning. If it is urgent, put ops+urgent@mail.example.net in copy.",
    ),
    _answer(
        "card cards payment pay",
        f"The order was paid with card {CARD}, which runs to 08/29. Order 4111 was only the last one; the "
        "number 4111 1111 1111 1112 in the log is a typing mistake, its check digit does not fit.",
    ),
    _answer(
        "key keys secret secrets token tokens credentials",
        "These are the settings I found:\n\n"
        "```ini\n"
        f"aws_access_key_id = {AWS_KEY}\n"
        f"github_token = {GITHUB_TOKEN}\n"
        f"stripe = {STRIPE_KEY}\n"
        "```\n\n"
        "Please replace all three: they have been in the history since March.",
    ),
    _answer(
        "phone call bank iban transfer",
        f"Call {PHONE} before noon. The transfer goes to {IBAN}, reference 2026-114.",
    ),
    _answer(
        "ip network url link server",
        "The server moved from 192.0.2.45 to 2001:db8:85a3::8a2e:370:7334 last night. The report is at "
        "https://files.example.com/reports/42?format=pdf and version 1.2.3 of the tool reads it.",
    ),
    _answer(
        "banned forbidden confidential rumour gossip",
        "They say that Project Bluebird was never about birds. It began as a recipe for moonshine, was "
        "renamed after the third bottle, and P\u200broject BLUEBIRD has been on the invoices ever since.",
    ),
    _answer(
        "",
        "A streaming proxy reads an answer while it is being written. If it waits for the end, the reader "
        "waits too. If it never waits, it can only regret. The art is to wait for exactly those words that "
        "could still turn into something else.",
    ),
    _answer(
        "",
        "Three steps are enough: first measure, then change one thing, then measure again. Write down both "
        "numbers, and who was in the room. Send them to notes@example.com so that they are not lost.",
    ),
    _answer(
        "poem",
        "The tide comes in, the tide goes out,\nthe gate stands in between;\nit lets the honest water pass\n"
        "and keeps the harbour clean.",
    ),
)

_REPEAT = re.compile(r"\s*repeat: ?(.*)", re.DOTALL | re.IGNORECASE)


def choose(prompt: str, choice: int = 0) -> Answer:
    """The answer to a prompt, the same each time.

    ``repeat: TEXT`` is answered with exactly TEXT. Otherwise the first answer one of whose keywords is a
    word of the prompt is given; failing that one is picked by the prompt's CRC-32 and the choice's index.
    """
    if repeat := _REPEAT.fullmatch(prompt):
        return Answer(frozenset(), repeat.group(1))
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    for answer in ANSWERS:
        if words & answer.keywords:
            return answer
    return ANSWERS[(zlib.crc32(prompt.encode("utf-8", "surrogatepass")) + choice) % len(ANSWERS)]


def tool_arguments(prompt: str) -> str:
    """The JSON arguments of the demo's tool call; ``repeat: TEXT`` puts TEXT into their body."""
    repeat = _REPEAT.fullmatch(prompt)
    body = repeat.group(1) if repeat else f"We have refunded card {CARD}."
    return json.dumps({"to": "maria.lopez@example.com", "subject": "Your refund", "body": body})
