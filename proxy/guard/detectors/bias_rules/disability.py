"""Words that make somebody a condition, and conditions used as insults."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.bias_rules.building import before, table
from proxy.guard.detectors.bias_rules.groups import FOLLOWED
from proxy.guard.rule import Rule

_TERMS: Final = """
able-bodied: non-disabled
differently abled: disabled
handicapable: disabled
specially abled: disabled
handicapped: disabled
handicapped parking: accessible parking
handicapped toilet, handicapped toilets: accessible toilet, accessible toilets
handicapped person, handicapped people: disabled person, disabled people
physically challenged: physically disabled
mentally challenged: intellectually disabled
mentally handicapped: intellectually disabled
mentally retarded: intellectually disabled
mental retardation: intellectual disability
mentally defective: intellectually disabled
retard, retards: person with an intellectual disability, people with intellectual disabilities
retarded: intellectually disabled
feeble-minded: intellectually disabled
mongoloid, mongoloids: person with Down syndrome, people with Down syndrome
imbecile, imbeciles: uninformed person, uninformed people
cretin, cretins: uninformed person, uninformed people
half-wit, half-wits: uninformed person, uninformed people
simpleton, simpletons: uninformed person, uninformed people
village idiot, village idiots: uninformed person, uninformed people
cripple, cripples: disabled person, disabled people
crippled person, crippled people: disabled person, disabled people
gimp, gimps: disabled person, disabled people
spaz, spazzes: clumsy person, clumsy people
spastic, spastics: person with cerebral palsy, people with cerebral palsy
midget, midgets: person with dwarfism, people with dwarfism
vertically challenged: short
deaf and dumb: deaf
deaf-mute, deaf-mutes: deaf person, deaf people
dumb and deaf: deaf
hearing impaired person, hearing impaired people: person who is hard of hearing, people who are hard of hearing
wheelchair bound: using a wheelchair
wheelchair-bound person, wheelchair-bound people: wheelchair user, wheelchair users
confined to a wheelchair: using a wheelchair
bound to a wheelchair: using a wheelchair
restricted to a wheelchair: using a wheelchair
stuck in a wheelchair: using a wheelchair
bed-ridden: in bed because of illness
invalid person, invalid people: disabled person, disabled people
harelip, harelips: cleft lip, cleft lips
birth defect, birth defects: congenital condition, congenital conditions
deformed person, deformed people: person with a physical difference, people with physical differences
autism sufferer, autism sufferers: autistic person, autistic people
victim of autism, victims of autism: autistic person, autistic people
victim of cerebral palsy, victims of cerebral palsy: person with cerebral palsy, people with cerebral palsy
stroke victim, stroke victims: stroke survivor, stroke survivors
aids victim, aids victims: person with AIDS, people with AIDS
epileptic fit, epileptic fits: epileptic seizure, epileptic seizures
epileptics: people with epilepsy
schizophrenics: people with schizophrenia
schizo, schizos: person with schizophrenia, people with schizophrenia
psychotics: people with psychosis
psycho, psychos: erratic person, erratic people
nutcase, nutcases: erratic person, erratic people
nutjob, nutjobs: erratic person, erratic people
nutter, nutters: erratic person, erratic people
headcase, headcases: erratic person, erratic people
mental case, mental cases: person with a mental illness, people with mental illness
mental patient, mental patients: person in psychiatric care, people in psychiatric care
basket case, basket cases: overwhelmed person, overwhelmed people
lunatic, lunatics: reckless person, reckless people
madman, madmen: reckless person, reckless people
madwoman, madwomen: reckless person, reckless people
maniac, maniacs: reckless person, reckless people
raving mad: very angry
loony bin, loony bins: psychiatric hospital, psychiatric hospitals
funny farm, funny farms: psychiatric hospital, psychiatric hospitals
nut house, nut houses: psychiatric hospital, psychiatric hospitals
madhouse, madhouses: chaotic place, chaotic places
insane asylum, insane asylums: psychiatric hospital, psychiatric hospitals
lunatic asylum, lunatic asylums: psychiatric hospital, psychiatric hospitals
off his meds: behaving erratically
off her meds: behaving erratically
so ocd: so meticulous
a bit ocd: a bit meticulous
are you deaf: did you not hear
are you blind: did you not see
blind as a bat: unable to see it
turn a blind eye to: ignore
turned a blind eye to: ignored
fell on deaf ears: was ignored
falls on deaf ears: is ignored
fall on deaf ears: be ignored
tone-deaf remark, tone-deaf remarks: insensitive remark, insensitive remarks
lame excuse, lame excuses: weak excuse, weak excuses
short-bus: unintelligent
junkie, junkies: person with an addiction, people with addictions
crackhead, crackheads: person with an addiction, people with addictions
drug addict, drug addicts: person with a drug addiction, people with drug addictions
commit suicide: die by suicide
commits suicide: dies by suicide
committed suicide: died by suicide
committing suicide: dying by suicide
"""

_CONDITION: Final = (
    r" (?:from )?(?:an? |the |severe |mild |his |her |their )?(?:autism|asperger['’]?s|down['’]?s? syndrome|epilepsy"
    r"|cerebral palsy|dyslexia|multiple sclerosis|adhd|add|bipolar disorder|schizophrenia|disability|disabilities"
    r"|intellectual disabilit(?:y|ies)|deafness|blindness|muscular dystrophy|dwarfism|tourette['’]?s?|albinism"
    r"|paraplegia"
    r"|quadriplegia|spina bifida|hearing loss|vision loss)"
)


def _burden(biased: str, neutral: str) -> Rule:
    return before(
        *("disability", neutral, biased, _CONDITION),
        example=f"who «{biased}» autism",
        counter_example=f"who {biased} it",
    )


RULES: Final[tuple[Rule, ...]] = (
    *table("disability", _TERMS),
    _burden("suffers from", "has"),
    _burden("suffer from", "have"),
    _burden("suffered from", "had"),
    _burden("suffering from", "with"),
    _burden("afflicted with", "with"),
    _burden("stricken with", "with"),
    *(
        before("disability", wording, biased, FOLLOWED, f"for «{biased}».", f"{biased} one")
        for biased, wording in (
            ("the disabled", "disabled people"),
            ("the handicapped", "disabled people"),
            ("the mentally ill", "people with mental illness"),
            ("the insane", "people with mental illness"),
            ("the deaf", "deaf people"),
            ("the blind", "blind people"),
        )
    ),
)
