"""Words about ethnicity, nationality, origin and religion that carry a judgement."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.bias_rules.building import before, table
from proxy.guard.detectors.bias_rules.groups import FOLLOWED
from proxy.guard.rule import Rule

_ETHNICITY: Final = """
oriental people: Asian people
oriental person: Asian person
oriental woman, oriental women: Asian woman, Asian women
oriental man, oriental men: Asian man, Asian men
oriental girl, oriental girls: Asian girl, Asian girls
orientals: Asian people
colored person, colored people: person of color, people of color
coloured person, coloured people: person of colour, people of colour
colored woman, colored women: woman of color, women of color
colored man, colored men: man of color, men of color
negro, negroes: Black person, Black people
negress, negresses: Black woman, Black women
mulatto, mulattoes: person of mixed heritage, people of mixed heritage
half-breed, half-breeds: person of mixed heritage, people of mixed heritage
half-caste, half-castes: person of mixed heritage, people of mixed heritage
redskin, redskins: Native American, Native Americans
red indian, red indians: Native American, Native Americans
injun, injuns: Native American, Native Americans
squaw, squaws: Native American woman, Native American women
eskimo, eskimos: Inuit person, Inuit people
gypsy, gypsies: Romani person, Romani people
gyppo, gyppos: Romani person, Romani people
gypped: cheated
got gypped: was cheated
pikey, pikeys: Irish Traveller, Irish Travellers
wetback, wetbacks: migrant, migrants
anchor baby, anchor babies: child of immigrants, children of immigrants
towelhead, towelheads: person from the Middle East, people from the Middle East
raghead, ragheads: person from the Middle East, people from the Middle East
chinaman, chinamen: Chinese person, Chinese people
jap, japs: Japanese person, Japanese people
banana republic, banana republics: unstable state, unstable states
indian giver, indian givers: person who takes back gifts, people who take back gifts
indian style: cross-legged
indian burn, indian burns: twisted-skin prank, twisted-skin pranks
off the reservation: out of line
on the warpath: very angry
circle the wagons: close ranks
too many chiefs and not enough indians: too many managers
lowest man on the totem pole: most junior person
low man on the totem pole: most junior person
the natives are restless: people are impatient
going native: adopting local ways
gone native: adopted local ways
primitive people, primitive peoples: Indigenous people, Indigenous peoples
primitive tribe, primitive tribes: Indigenous community, Indigenous communities
savage people, savage peoples: people, peoples
uncivilized people, uncivilized peoples: people, peoples
inner-city thug, inner-city thugs: offender, offenders
ghetto trash: people
white trash: poor people
trailer trash: poor people
angry black woman, angry black women: outspoken woman, outspoken women
model minority, model minorities: minority, minorities
non-whites: people of color
sold down the river: betrayed
cotton-picking: wretched
tar baby, tar babies: sticky problem, sticky problems
slave driver, slave drivers: demanding boss, demanding bosses
third-world country, third-world countries: lower-income country, lower-income countries
third-world: lower-income
"""

_NATIONALITY: Final = """
illegal alien, illegal aliens: undocumented immigrant, undocumented immigrants
illegal immigrant, illegal immigrants: undocumented immigrant, undocumented immigrants
illegals: undocumented immigrants
fresh off the boat: newly arrived
off the boat: newly arrived
go back to your country: please leave
go back to your own country: please leave
go back to where you came from: please leave
where are you really from: where did you grow up
your english is so good: you speak well
chinese fire drill, chinese fire drills: chaotic scramble, chaotic scrambles
chinese whispers: telephone game
chinese virus: coronavirus
china virus: coronavirus
kung flu: coronavirus
dutch courage: courage from drinking
french leave: absence without permission
mexican standoff, mexican standoffs: deadlock, deadlocks
paddy wagon, paddy wagons: police van, police vans
irish twins: siblings born within a year
luck of the irish: great luck
welshed on: broke a promise on
welshing on: breaking a promise on
pardon my french: pardon my language
excuse my french: pardon my language
dumb american, dumb americans: American, Americans
lazy mexican, lazy mexicans: Mexican, Mexicans
foreigners taking our jobs: people looking for work
immigrants taking our jobs: people looking for work
stealing our jobs: looking for work
steal our jobs: look for work
taking our jobs: looking for work
take our jobs: look for work
mud hut, mud huts: traditional house, traditional houses
darkest africa: central Africa
"""

_RELIGION: Final = """
jew down: haggle with
jewed down: haggled with
jewed me: cheated me
jewed him: cheated him
jewed them: cheated them
jewish conspiracy: conspiracy theory
jew lawyer, jew lawyers: lawyer, lawyers
jew banker, jew bankers: banker, bankers
christ killer, christ killers: Jewish person, Jewish people
shylock, shylocks: moneylender, moneylenders
heathen, heathens: person of another faith, people of other faiths
infidel, infidels: person of another faith, people of other faiths
mohammedan, mohammedans: Muslim, Muslims
muslim terrorist, muslim terrorists: terrorist, terrorists
islamic terrorist, islamic terrorists: terrorist, terrorists
bible basher, bible bashers: devout Christian, devout Christians
bible thumper, bible thumpers: devout Christian, devout Christians
holy roller, holy rollers: devout Christian, devout Christians
papist, papists: Catholic, Catholics
godless atheist, godless atheists: atheist, atheists
religious nut, religious nuts: devout person, devout people
good christian name, good christian names: good given name, good given names
that's not very christian: that's not very kind
"""

RULES: Final[tuple[Rule, ...]] = (
    *table("ethnicity", _ETHNICITY),
    *table("nationality", _NATIONALITY),
    *table("religion", _RELIGION),
    before("ethnicity", "Black people", "the blacks", FOLLOWED, "«the blacks» are many", "the blacks and whites"),
    before("ethnicity", "white people", "the whites", FOLLOWED, "«the whites» always win", "the whites of the eggs"),
    before("class", "people in poverty", "the poor", FOLLOWED, "help «the poor».", "the poor man"),
    before("class", "people without housing", "the homeless", FOLLOWED, "for «the homeless».", "the homeless man"),
)
