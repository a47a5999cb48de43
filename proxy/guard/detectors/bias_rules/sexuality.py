"""Words about sexuality and gender identity that carry a judgement, or are out of use."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.bias_rules.building import before, table
from proxy.guard.detectors.bias_rules.groups import FOLLOWED
from proxy.guard.rule import Rule

_TERMS: Final = """
sexual preference, sexual preferences: sexual orientation, sexual orientations
gay lifestyle: gay life
homosexual lifestyle: gay life
alternative lifestyle: way of life
gay agenda: gay rights
homosexual agenda: gay rights
admitted homosexual, admitted homosexuals: gay person, gay people
avowed homosexual, avowed homosexuals: gay person, gay people
practicing homosexual, practicing homosexuals: gay person, gay people
practising homosexual, practising homosexuals: gay person, gay people
known homosexual, known homosexuals: gay person, gay people
flaming homosexual, flaming homosexuals: gay person, gay people
sodomite, sodomites: gay person, gay people
faggot, faggots: gay man, gay men
poofter, poofters: gay man, gay men
lezzie, lezzies: lesbian, lesbians
lesbo, lesbos: lesbian, lesbians
bull dyke, bull dykes: lesbian, lesbians
transgendered: transgender
transgenders: transgender people
transgenderism: being transgender
tranny, trannies: transgender person, transgender people
shemale, shemales: transgender woman, transgender women
he-she, he-shes: transgender person, transgender people
transvestite, transvestites: cross-dresser, cross-dressers
sex change operation, sex change operations: gender-affirming surgery, gender-affirming surgeries
sex change, sex changes: gender transition, gender transitions
hermaphrodite, hermaphrodites: intersex person, intersex people
pseudohermaphrodite, pseudohermaphrodites: intersex person, intersex people
born a man: assigned male at birth
born a woman: assigned female at birth
biological man pretending to be a woman: transgender woman
biological men pretending to be women: transgender women
man in a dress, men in dresses: transgender woman, transgender women
that's so gay: that's so silly
this is so gay: this is so silly
no homo: in a friendly way
turned gay: came out as gay
turn gay: come out as gay
turned him gay: influenced him
pray the gay away: change who someone is
sexually deviant: queer
sexual deviant, sexual deviants: queer person, queer people
the man in the relationship: a partner in the relationship
the woman in the relationship: a partner in the relationship
fruity man, fruity men: gay man, gay men
limp-wristed: gentle
"""

RULES: Final[tuple[Rule, ...]] = (
    *table("sexuality", _TERMS),
    before("sexuality", "gay people", "the gays", FOLLOWED, "what «the gays» want.", "the gays rights march"),
    before(
        "sexuality", "gay people", "the homosexuals", FOLLOWED, "«the homosexuals» are here", "the homosexuals club"
    ),
    before(
        "sexuality",
        "transgender people",
        "the transgenders",
        FOLLOWED,
        "«the transgenders» are here",
        "the transgenders x",
    ),
)
