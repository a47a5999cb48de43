"""Dates, times of day and years (ISO 8601, RFC 3339, and what English prose has). Looked for only where they are named.

Most dates are nobody's: redacting all of them would spoil ordinary answers.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.guard.detectors.pii_rules.building import BOUNDARY
from proxy.guard.rule import Rule

_MONTH = (
    r"(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)day), "
_DAY = r"[0-3]?[0-9](?:st|nd|rd|th)?"
_YEAR = r"[12][0-9]{3}"
_CLOCK = r"[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_ISO = rf"{_YEAR}-[01][0-9]-[0-3][0-9](?:[T ]{_CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
_NUMERIC = r"[0-3]?[0-9](?:/[0-3]?[0-9]/|\.[0-3]?[0-9]\.|-[0-3]?[0-9]-)(?:[12][0-9])?[0-9]{2}"
_PROSE = rf"(?:{_WEEKDAY})?(?:{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?|{_MONTH} {_DAY}(?:,? {_YEAR})?|{_MONTH} {_YEAR})"


def _numeric_date(text: str) -> bool:
    """Tell whether one of the first two numbers can be a day and the other a month."""
    numbers = [int(number) for number in re.findall(r"[0-9]+", text)]
    if len(numbers) < 3:
        return False
    first, second = numbers[:2]
    return 1 <= min(first, second) <= 12 and 1 <= max(first, second) <= 31


def _iso_date(text: str) -> bool:
    """Tell whether month, day and hour are in their ranges."""
    numbers = [int(number) for number in re.findall(r"[0-9]+", text)]
    hour = numbers[3] if len(numbers) > 3 else 0
    return 1 <= numbers[1] <= 12 and 1 <= numbers[2] <= 31 and hour <= 24


def _prose_date(text: str) -> bool:
    """Tell whether the day of the month is one; a month with a year has none."""
    numbers = [int(number) for number in re.findall(r"[0-9]+", text)]
    return all(1 <= number <= 31 or number >= 1000 for number in numbers)


def _time(text: str) -> bool:
    return int(text[: text.index(":")]) <= 24


def _hour(text: str) -> bool:
    return 1 <= int(text.rstrip("AaPpMm ")) <= 12


RULES: Final = (
    Rule(
        name="iso_date",
        label="DATE_TIME",
        group="pii",
        pattern=rf"(?<![A-Za-z0-9./-]){_ISO}(?![A-Za-z0-9-])",
        validate=_iso_date,
        examples=(
            "born «1987-03-09».",
            '{"at":"«2024-01-15T08:30:00Z»"}',
            "from «2024-01-15 08:30» on",
            "«2024-12-01T10:00:00.123+01:00»",
        ),
        counter_examples=("2024-13-01", "1987-03-099", "v1987-03-09x", "3-1987-03-09"),
    ),
    Rule(
        name="numeric_date",
        label="DATE_TIME",
        group="pii",
        pattern=rf"(?<![A-Za-z0-9./-]){_NUMERIC}(?![A-Za-z0-9/-]|\.[0-9])",
        validate=_numeric_date,
        examples=("on «03/09/1987»", "am «9.3.1987».", "«31-12-99»", "by «1/2/24», please"),
        counter_examples=("13/14/2020", "1.2.3", "10.0.10.20.1", "555-12-34567", "99/12/2020", "version 1.12.2024.5"),
    ),
    Rule(
        name="prose_date",
        label="DATE_TIME",
        group="pii",
        pattern=rf"{BOUNDARY}{_PROSE}(?![A-Za-z0-9])",
        validate=_prose_date,
        examples=(
            "born on «9 March 1987» in Ulm",
            "«March 9th, 1987»",
            "the «4th of July»!",
            "«Monday, 3 June 2024»:",
            "since «Sept. 2021»",
            "on «dec 24»",
        ),
        counter_examples=("you may 100 times", "March on", "45 March", "mayor 12", "marching 5"),
    ),
    Rule(
        name="time_of_day",
        label="DATE_TIME",
        group="pii",
        pattern=rf"(?<![A-Za-z0-9:.]){_CLOCK}(?: ?[AaPp]\.?[Mm]\.?)?(?![A-Za-z0-9:])",
        validate=_time,
        examples=("at «14:30»", "around «8:05 pm»", "«23:59:59»"),
        counter_examples=("99:30", "1:2", "00:1b:44:11:3a:b7"),
    ),
    Rule(
        name="hour",
        label="DATE_TIME",
        group="pii",
        pattern=rf"{BOUNDARY}[01]?[0-9] ?[AaPp][Mm](?![A-Za-z0-9])",
        validate=_hour,
        examples=("at «7pm»", "until «11 AM»."),
        counter_examples=("13pm", "0 am", "7pmx", "I am 5 a"),
    ),
    Rule(
        name="year",
        label="YEAR",
        group="pii",
        pattern=r"(?<![A-Za-z0-9$€£.,:/#_+-])(?:1[0-9]{3}|20[0-9]{2})(?![A-Za-z0-9_%/:-]|[.,][0-9])",
        examples=("in «1987», she", "since «2021».", "(«1066»)"),
        counter_examples=("12345", "2150", "port :1987", "1,987", "1987.5", "2024-01-15", "$2000", "v2021"),
    ),
)
