"""How groups of people are named. A name alone is no bias: rules say what has to be said about the group."""

from __future__ import annotations

import re
from typing import Final

FOLLOWED: Final = (
    r"[.,;:!?)]| (?:are|were|is|have|had|has|who|should|must|can|cannot|can['’]t|could|need|do|don['’]t|deserve|get"
    r"|often|always|never|will|would|want)[^A-Za-z]"
)
"""What follows an adjective that stands for people, and no noun."""

_PEOPLE: Final = r"(?:people|folks?|persons|men|women|girls|boys|kids|workers|drivers|immigrants|students|employees)"
_KINDS: Final = (
    r"(?:black|white|brown|asian|arab|african|african[- ]american|latino|latina|hispanic|mexican|chinese|indian"
    r"|japanese"
    r"|korean|jewish|muslim|christian|catholic|hindu|sikh|buddhist|atheist|gay|lesbian|bisexual|trans|transgender|queer"
    r"|straight|disabled|autistic|deaf|blind|old|older|elderly|young|younger|poor|rich|foreign|native american"
    r"|indigenous"
    r"|roma|irish|polish|italian|german|french|russian|turkish|nigerian|pakistani|american|british|ethnic|overweight"
    r"|fat)"
)
GROUPS: Final = (
    r"(?:women|girls|females|ladies|men|boys|males|blacks|whites|asians|arabs|africans|latinos|latinas|hispanics"
    r"|mexicans"
    r"|indians|pakistanis|nigerians|americans|russians|germans|italians|turks|poles|greeks|jews|muslims|christians"
    r"|catholics|hindus|sikhs|atheists|buddhists|mormons|gays|lesbians|homosexuals|bisexuals|transgenders|immigrants"
    r"|migrants|refugees|foreigners|asylum seekers|boomers|millennials|teenagers|teens|seniors|pensioners|blondes"
    r"|gypsies"
    rf"|mothers|fathers|single mothers|housewives|(?:the )?(?:chinese|japanese|french|irish|polish|english)"
    rf"|{_KINDS} {_PEOPLE})"
)
"""Groups in the plural, lower case."""

ONE_OF: Final = (
    r"(?:girl|woman|female|lady|man|guy|boy|black (?:man|woman|guy|girl|person|kid)|asian (?:man|woman|guy|girl)"
    r"|(?:old|older|elderly) (?:man|woman|lady|guy|person)|white (?:guy|girl)|foreigner|immigrant|muslim|mexican|indian"
    r"|gay (?:man|guy)|lesbian|disabled person|blind person|deaf person|blonde)"
)
"""One of a group, lower case."""

NAMES: Final = re.compile(
    r"(?:afric|americ|arab|asia|atheist|brit|buddhis|cathol|chin|christ|dutch|english|eskimo|french|german|gipsy"
    r"|gyps|greek"
    r"|hindu|hispan|indian|injun|irish|islam|ital|jap|jew|korea|latin|mexic|mohammed|mormon|muslim|native amer|negr"
    r"|nigeria"
    r"|orient|pakistan|papist|pole|polish|roma|russia|scotch|sikh|turk|welsh)",
    re.IGNORECASE,
)
"""Beginnings of words that are written with a capital letter wherever they stand."""

QUANTITY: Final = r"(?:all |most |these |those |the |every one of the |you )?(?:of the |of those )?"
