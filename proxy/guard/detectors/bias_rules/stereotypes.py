"""Sentences that say of a whole group what can be said of single people only."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.bias_rules.building import REST, phrase
from proxy.guard.detectors.bias_rules.groups import GROUPS, ONE_OF, QUANTITY
from proxy.guard.rule import Rule

_CANNOT: Final = (
    r"(?:can['’]?t|cannot|can not|are unable to|are not able to|don['’]?t know how to|will never|could never)"
)
_SKILL: Final = (
    r"(?:drive|lead|code|program|do math(?:s|ematics)?|do science|think|reason|be trusted|be engineers|be leaders"
    r"|be bosses"
    r"|read maps|park|fight|handle (?:money|stress|power|pressure|responsibility)|manage|make decisions"
    r"|control themselves"
    r"|control their emotions|cook|clean|be faithful|be loyal|integrate|assimilate|learn|understand|use (?:computers"
    r"|technology)"
    r"|keep up|speak properly|behave|raise (?:children|kids)|be good parents|be good mothers|be friends with women"
    r"|cry|dance"
    r"|swim|take a joke|multitask|be moral|be nurses|play (?:football|chess|sports))"
)
_BAD: Final = (
    r"(?:lazy|stupid|dumb|unintelligent|inferior|superior|violent|aggressive|greedy|cheap|stingy|dirty|filthy"
    r"|dishonest|liars"
    r"|criminals?|thieves|terrorists|rapists|cheaters|cowards|savages|animals|parasites|leeches|irrational|hysterical"
    r"|emotional|too emotional|overemotional|weak|submissive|promiscuous|untrustworthy|dangerous|backward"
    r"|uncivilized|uneducated"
    r"|immoral|perverts|predators|pedophiles|mentally ill|sick|disgusting|sinful|sinners|going to hell|fanatics"
    r"|extremists|radicals"
    r"|gold[- ]diggers|bad drivers|terrible drivers|bad at math|good at math|bad with money|good with money"
    r"|bad with technology"
    r"|obsessed with money|drunks|alcoholics|drug dealers|gang members|gangsters|thugs|lesser|subhuman|useless"
    r"|worthless"
    r"|a burden|a threat|a problem|to blame|ruining (?:the|our|this) country|taking over|the same|alike|good dancers"
    r"|bad parents"
    r"|bad mothers|selfish|entitled|slow|senile|technophobes|ignorant|evil|arrogant|rude|sneaky|devious|ungrateful"
    r"|barbaric)"
)
_DEGREE: Final = (
    r"(?:just |simply |all |always |usually |generally |mostly |so |really |too |very |known to be |basically |often )?"
    r"(?:naturally |inherently |biologically |genetically |innately |by nature |born |congenitally )?"
)
_NATURE: Final = r"(?:naturally|inherently|biologically|genetically|innately|intrinsically|by nature|born|congenitally)"
_SUBJECT: Final = rf"{QUANTITY}{GROUPS}"

RULES: Final[tuple[Rule, ...]] = (
    phrase(
        "stereotype",
        "group_cannot",
        f"some people{REST}",
        rf"{_SUBJECT} (?:just |simply |really )?{_CANNOT} {_SKILL}",
        (
            "«women can't drive», he said",
            "«Old people cannot learn» it",
            "«all Asians can’t dance».",
            "«men can not cook»",
        ),
        ("women can't vote there", "some people can't drive", "the women can drive", "women cannot be here"),
    ),
    phrase(
        "stereotype",
        "group_is_bad",
        f"some people{REST}",
        rf"{_SUBJECT} are {_DEGREE}{_BAD}",
        (
            "«All Muslims are terrorists».",
            "«immigrants are criminals»",
            "«Women are too emotional» to lead",
            "«boomers are just selfish»!",
            "«those foreigners are all thieves»",
        ),
        ("women are here", "Muslims are people", "all men are mortal", "the gay men are happy", "wolves are dangerous"),
    ),
    phrase(
        "stereotype",
        "all_of_a_group",
        f"some people{REST}",
        rf"(?:all|every one of the|all of (?:the|those|these)|all (?:those|these|you)) {GROUPS} (?:are|want|hate|lie"
        rf"|cheat"
        r"|steal|act|think)",
        ("«All women want» money.", "«all Germans are» punctual", "«All of those immigrants steal» things"),
        ("All people are equal", "all women's clothes are here", "not at all: Germans are", "all women are different"),
        unless=(
            r" (?:is|equal|human|people|created|mortal|welcome|invited|entitled to|eligible|protected|beautiful"
            r"|strong|wonderful"
            r"|different|individuals|unique|included|covered|required|allowed|affected|free|worthy|valu(?:ed|able)"
            r"|loved|in |at )"
        ),
    ),
    phrase(
        "stereotype",
        "by_nature",
        f"some people{REST}",
        rf"{_SUBJECT} are (?:just |simply )?{_NATURE} (?:more |less |much |far )?(?:bad|good|better|worse|inferior"
        rf"|superior"
        r"|gifted|talented|skilled|suited|capable|intelligent|smart|athletic|violent|nurturing|caring|lazy|stupid"
        r"|musical|emotional)"
        r"(?: (?:at|than|to|for|in|with))?",
        (
            "«Women are naturally worse at» math",
            "«black people are genetically less intelligent».",
            "«Asians are born good at» chess",
        ),
        (
            "Dogs are naturally better at smelling",
            "women are better at that club",
            "children are naturally good at play",
        ),
    ),
    phrase(
        "stereotype",
        "at_a_skill",
        f"some people{REST}",
        rf"{_SUBJECT} are (?:worse|better|bad|good|terrible|hopeless|rubbish|useless|great) (?:at|with"
        rf"|in) (?:math(?:s|ematics)?"
        r"|science|coding|programming|driving|sports?|chess|technology|computers|money|cooking|cleaning|leadership"
        r"|leading"
        r"|engineering|logic|parking|business|multitasking|parenting|music|dancing|running|basketball"
        r"|raising (?:children|kids))",
        ("«Girls are bad at math».", "«old people are hopeless with technology»", "«The Japanese are good at math»"),
        ("Teachers are bad at math", "girls are good", "the girls are in science class"),
        unless=r" (?:too|as well|here|in my class)",
    ),
    phrase(
        "stereotype",
        "should_stay",
        "everyone should choose their own role",
        rf"{_SUBJECT} (?:should(?: just| all| only)?|ought to|must|need to|have to|had better)"
        r" (?:stay (?:at home|home|in the kitchen|away|in their (?:own )?(?:lane|country|place))|be at home"
        r"|know their place"
        r"|not (?:vote|work|lead|drive|be allowed|have rights|breed|marry|teach|exist)|go back(?: home"
        r"| to where they came from"
        r"| to their (?:own )?countr(?:y|ies))?|be banned|be deported|be sterilized|obey(?: (?:their husbands|men))?"
        r"|submit|smile more)",
        ("«Women should stay in the kitchen».", "«Muslims must go back to their country»", "«girls should not lead»"),
        ("Women should vote.", "people should stay at home", "Refugees should be here", "kids should go back inside"),
    ),
    phrase(
        "stereotype",
        "belong_elsewhere",
        "everyone belongs where they choose to be",
        rf"{_SUBJECT} (?:belong|only belong|don['’]?t belong|do not belong) (?:in (?:the kitchen|the home|the house"
        rf"|prison|jail|"
        r"tech|politics|science|sports|the army|the military|this country|our country|power|a cage|an asylum)"
        r"|at home|here|with us)",
        ("«Women belong in the kitchen».", "«immigrants don't belong here»!"),
        ("women belong to the club", "These books belong here", "Germans belong in the story"),
    ),
    phrase(
        "stereotype",
        "place_is",
        "everyone belongs where they choose to be",
        r"(?:a )?(?:woman|women|girl)['’]?s['’]? (?:place|job|role|duty) is (?:in the (?:kitchen|home|house)|at home"
        r"|to (?:cook|clean|obey|serve|raise (?:children|kids)|have (?:children|babies)))",
        ("«A woman's place is in the kitchen».", "«women’s job is to cook»"),
        ("A woman's job is in the city", "a cook's place is in the kitchen"),
    ),
    phrase(
        "stereotype",
        "surprising_for",
        "by any measure",
        rf"for an? {ONE_OF}",
        (
            "You are smart «for a girl».",
            "She throws well «for a woman»!",
            "quite articulate «for a Black man», they said",
            "he is strong «for an old man»",
            "you code pretty well «for a girl»",
        ),
        ("It is a gift for a girl.", "smart for a girl of ten", "we look for a woman", "well-suited for a lady's coat"),
        context=(
            r"(?:well|smart|strong|clever|fast|funny|articulate|intelligent|impressive|not bad|tough|pretty good"
            r"|quite good|really good"
            r"|surprisingly good|brave|rational|eloquent|educated|talented|skilled|tall|quick|polite|sharp|capable"
            r"|in shape) "
        ),
        unless=r" (?:of|who|aged|her|his|in |with|from|under)|['’-]",
    ),
    phrase(
        "stereotype",
        "only_good_for",
        "people have many talents",
        rf"{_SUBJECT} are (?:only|just) (?:good|useful|fit|there) (?:for|at) (?:one thing|cooking|cleaning|sex"
        rf"|making babies"
        r"|having (?:babies|children|kids)|housework|breeding|crime|cheap labou?r|manual labou?r)",
        ("«Women are only good for cooking».", "«immigrants are just good for cheap labor»"),
        ("Pans are only good for cooking", "women are good for cooking shows"),
    ),
    phrase(
        "stereotype",
        "you_people",
        "some of you",
        r"you people (?:always|never|all|can['’]t)",
        ("«You people always» complain",),
        ("Thank you people of Rome", "you people are kind"),
    ),
    phrase(
        "stereotype",
        "real_men",
        f"some people{REST}",
        r"real (?:men|women|girls|boys) (?:don['’]?t|do not|never|always|have|should)",
        ("«Real men don't» cry.", "«real women have» curves"),
        ("Are they real men?", "real boys are loud"),
    ),
    phrase(
        "stereotype",
        "typical_group",
        "typical",
        rf"(?:typical|just like an?|such an?) {ONE_OF}(?: (?:behaviou?r|move|thing to say|driver))",
        ("«Typical woman driver»!", "that is «such a girl thing to say»"),
        ("a typical woman", "typical driver"),
    ),
    phrase(
        "stereotype",
        "too_group_to",
        "some say that you cannot",
        rf"you(?:['’]re| are) (?:just |only )?an? {ONE_OF},? (?:so |and )?you (?:can['’]?t|cannot|won['’]t|don['’]t"
        rf"|should not|shouldn['’]t)",
        ("«You're a girl, you can't» play", "«you are just a woman, you don’t» get it"),
        ("you are a girl, you can play", "you're a star, you can't lose"),
    ),
)
