"""Words that make somebody's age their ability."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.bias_rules.building import before, table
from proxy.guard.detectors.bias_rules.groups import FOLLOWED
from proxy.guard.rule import Rule

_TERMS: Final = """
old geezer, old geezers: older person, older people
geezer, geezers: older person, older people
geriatric patient, geriatric patients: older patient, older patients
geriatrics home: home for older people
old fogey, old fogeys: traditional person, traditional people
old fart, old farts: older person, older people
old codger, old codgers: older person, older people
old biddy, old biddies: older woman, older women
old hag, old hags: older woman, older women
old bat, old bats: older woman, older women
old crone, old crones: older woman, older women
dirty old man, dirty old men: lecherous person, lecherous people
little old lady, little old ladies: older woman, older women
senile: forgetful
senior moment, senior moments: lapse of memory, lapses of memory
second childhood: later life
over the hill: experienced
past his prime: experienced
past her prime: experienced
past their prime: experienced
long in the tooth: experienced
set in their ways: consistent
mutton dressed as lamb: someone dressed boldly
spring chicken, spring chickens: young person, young people
whippersnapper, whippersnappers: young person, young people
ok boomer: I disagree
okay boomer: I disagree
entitled millennial, entitled millennials: young adult, young adults
lazy millennial, lazy millennials: young adult, young adults
snowflake generation: younger generation
silver tsunami: growing number of older people
grey tsunami: growing number of older people
digital native, digital natives: person at home with technology, people at home with technology
young and energetic: energetic
young and dynamic: dynamic
young blood: new members
recent graduates only: graduates
you can't teach an old dog new tricks: people can learn at any age
wet behind the ears: inexperienced
coffin dodger, coffin dodgers: older person, older people
"""

_TASK: Final = (
    r" to (?:learn|understand|use|code|program|work|lead|change|be hired|be promoted|be taken seriously|know better"
    r"|study|manage|adapt|get it|contribute|innovate|decide)[^A-Za-z]"
)

RULES: Final[tuple[Rule, ...]] = (
    *table("age", _TERMS),
    before("age", "perhaps not ready", "too old", _TASK, "he is «too old» to learn it", "it is too old to eat"),
    before("age", "perhaps not ready", "too young", _TASK, "«too young» to lead us", "too young to vote"),
    before("age", "older people", "the elderly", FOLLOWED, "«the elderly» are slow", "the elderly man are slow"),
    before("age", "older people", "the aged", FOLLOWED, "care of «the aged».", "the aged cheese."),
)
