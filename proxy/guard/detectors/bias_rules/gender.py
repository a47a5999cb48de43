"""Words that give a role, a quality or everybody a sex."""

from __future__ import annotations

from typing import Final

from proxy.guard.detectors.bias_rules.building import table
from proxy.guard.rule import Rule

_ROLES: Final = """
actress, actresses: actor, actors
adman, admen: advertiser, advertisers
airman, airmen: aviator, aviators
alderman, aldermen: council member, council members
anchorman, anchormen: news anchor, news anchors
anchorwoman, anchorwomen: news anchor, news anchors
assemblyman, assemblymen: assembly member, assembly members
assemblywoman, assemblywomen: assembly member, assembly members
authoress, authoresses: author, authors
aviatrix, aviatrices: pilot, pilots
barmaid, barmaids: bartender, bartenders
barman, barmen: bartender, bartenders
bellboy, bellboys: hotel porter, hotel porters
bogeyman, bogeymen: bugbear, bugbears
bondsman, bondsmen: guarantor, guarantors
busboy, busboys: table clearer, table clearers
businessman, businessmen: businessperson, businesspeople
businesswoman, businesswomen: businessperson, businesspeople
cabin boy, cabin boys: ship's attendant, ship's attendants
cameraman, cameramen: camera operator, camera operators
camerawoman, camerawomen: camera operator, camera operators
cattleman, cattlemen: cattle rancher, cattle ranchers
caveman, cavemen: cave dweller, cave dwellers
chairman, chairmen: chairperson, chairpeople
chairwoman, chairwomen: chairperson, chairpeople
chairmanship: office of chairperson
chambermaid, chambermaids: room attendant, room attendants
cleaning lady, cleaning ladies: cleaner, cleaners
cleaning woman, cleaning women: cleaner, cleaners
clergyman, clergymen: member of the clergy, members of the clergy
comedienne, comediennes: comedian, comedians
committeeman, committeemen: committee member, committee members
congressman, congressmen: member of Congress, members of Congress
congresswoman, congresswomen: member of Congress, members of Congress
councilman, councilmen: council member, council members
councilwoman, councilwomen: council member, council members
countryman, countrymen: compatriot, compatriots
craftsman, craftsmen: artisan, artisans
craftsmanship: skilled craft
delivery boy, delivery boys: courier, couriers
deliveryman, deliverymen: courier, couriers
dinner lady, dinner ladies: canteen worker, canteen workers
doorman, doormen: door attendant, door attendants
draftsman, draftsmen: drafter, drafters
draughtsman, draughtsmen: technical drawer, technical drawers
dustman, dustmen: refuse collector, refuse collectors
executrix: executor
fireman, firemen: firefighter, firefighters
fisherman, fishermen: fisher, fishers
foreman, foremen: supervisor, supervisors
forefather, forefathers: ancestor, ancestors
forelady, foreladies: supervisor, supervisors
founding father, founding fathers: founder, founders
freshman, freshmen: first-year student, first-year students
frontman, frontmen: lead singer, lead singers
garbageman, garbagemen: waste collector, waste collectors
groundsman, groundsmen: groundskeeper, groundskeepers
gunman, gunmen: shooter, shooters
handyman, handymen: repairer, repairers
hangman, hangmen: executioner, executioners
henchman, henchmen: accomplice, accomplices
hitman, hitmen: contract killer, contract killers
hostess, hostesses: host, hosts
housewife, housewives: homemaker, homemakers
housemaid, housemaids: house cleaner, house cleaners
insurance man, insurance men: insurance agent, insurance agents
journeyman, journeymen: qualified worker, qualified workers
juryman, jurymen: juror, jurors
landlady, landladies: property owner, property owners
laundrywoman, laundrywomen: laundry worker, laundry workers
lawman, lawmen: law officer, law officers
layman, laymen: layperson, laypeople
layman's terms: plain language
lineman, linemen: line worker, line workers
linesman, linesmen: line judge, line judges
longshoreman, longshoremen: dock worker, dock workers
lumberman, lumbermen: logger, loggers
maintenance man, maintenance men: maintenance worker, maintenance workers
mailman, mailmen: letter carrier, letter carriers
marksman, marksmen: sharpshooter, sharpshooters
meter maid, meter maids: parking officer, parking officers
middleman, middlemen: intermediary, intermediaries
milkman, milkmen: milk deliverer, milk deliverers
newsman, newsmen: reporter, reporters
newspaperman, newspapermen: journalist, journalists
nobleman, noblemen: noble, nobles
office boy, office boys: office assistant, office assistants
office girl, office girls: office assistant, office assistants
ombudsman, ombudsmen: ombudsperson, ombudspeople
paperboy, paperboys: newspaper carrier, newspaper carriers
patrolman, patrolmen: patrol officer, patrol officers
pitchman, pitchmen: promoter, promoters
poetess, poetesses: poet, poets
policeman, policemen: police officer, police officers
policewoman, policewomen: police officer, police officers
postman, postmen: postal worker, postal workers
pressman, pressmen: press operator, press operators
proprietress, proprietresses: proprietor, proprietors
railwayman, railwaymen: railway worker, railway workers
repairman, repairmen: repairer, repairers
salesgirl, salesgirls: sales assistant, sales assistants
saleslady, salesladies: salesperson, salespeople
salesman, salesmen: salesperson, salespeople
saleswoman, saleswomen: salesperson, salespeople
salesmanship: sales skill
seamstress, seamstresses: sewer of clothes, sewers of clothes
seaman, seamen: sailor, sailors
serviceman, servicemen: service member, service members
servicewoman, servicewomen: service member, service members
showman, showmen: performer, performers
showgirl, showgirls: dancer, dancers
signalman, signalmen: signal operator, signal operators
spaceman, spacemen: astronaut, astronauts
spokesman, spokesmen: spokesperson, spokespeople
spokeswoman, spokeswomen: spokesperson, spokespeople
sportsman, sportsmen: athlete, athletes
sportswoman, sportswomen: athlete, athletes
sportsmanship: fair play
sportsmanlike: fair
statesman, statesmen: political leader, political leaders
statesmanship: political leadership
stewardess, stewardesses: flight attendant, flight attendants
stunt man, stunt men: stunt performer, stunt performers
tax man, tax men: tax collector, tax collectors
tradesman, tradesmen: tradesperson, tradespeople
usherette, usherettes: usher, ushers
waitress, waitresses: server, servers
washerwoman, washerwomen: laundry worker, laundry workers
watchman, watchmen: security guard, security guards
weathergirl, weathergirls: weather presenter, weather presenters
weatherman, weathermen: weather presenter, weather presenters
workman, workmen: worker, workers
workmanlike: competent
workmanship: quality of work
yes-man, yes-men: sycophant, sycophants
lady doctor, lady doctors: doctor, doctors
lady lawyer, lady lawyers: lawyer, lawyers
lady driver, lady drivers: driver, drivers
lady boss, lady bosses: boss, bosses
woman driver, women drivers: driver, drivers
male nurse, male nurses: nurse, nurses
male secretary, male secretaries: secretary, secretaries
"""

_EVERYBODY: Final = """
mankind: humankind
manpower: workforce
man-made: human-made
man-hour, man-hours: person-hour, person-hours
man-day, man-days: person-day, person-days
man-month, man-months: person-month, person-months
manhole cover, manhole covers: utility cover, utility covers
man-sized: large
manned: crewed
common man: average person
man in the street: average person
man on the street: average person
man of the house: head of the household
man of letters, men of letters: scholar, scholars
man of science, men of science: scientist, scientists
man's best friend: a faithful friend
brotherhood of man: human family
no man's land: unclaimed land
every man for himself: everyone for themselves
may the best man win: may the best person win
one-man show, one-man shows: solo show, solo shows
one-upmanship: competitiveness
gentleman's agreement, gentlemen's agreements: informal agreement, informal agreements
old wives' tale, old wives' tales: superstition, superstitions
old boys' club: closed circle
old boys' network: closed network
boys' club: closed circle
right-hand man, right-hand men: chief assistant, chief assistants
family man, family men: devoted parent, devoted parents
mother tongue, mother tongues: first language, first languages
"""

_QUALITIES: Final = """
weaker sex: women
fair sex: women
fairer sex: women
gentle sex: women
spinster, spinsters: single woman, single women
old maid, old maids: single woman, single women
career girl, career girls: professional, professionals
career woman, career women: professional, professionals
girl boss, girl bosses: boss, bosses
girl power: confidence
mompreneur, mompreneurs: entrepreneur, entrepreneurs
mumpreneur, mumpreneurs: entrepreneur, entrepreneurs
she-devil, she-devils: cruel person, cruel people
feminazi, feminazis: feminist, feminists
man-hater, man-haters: critic of men, critics of men
bimbo, bimbos: person, people
dumb blonde, dumb blondes: person, people
blonde moment, blonde moments: lapse, lapses
crazy cat lady, crazy cat ladies: cat lover, cat lovers
drama queen, drama queens: dramatic person, dramatic people
mama's boy, mama's boys: dependent person, dependent people
mummy's boy, mummy's boys: dependent person, dependent people
girly man, girly men: gentle man, gentle men
sissy, sissies: timid person, timid people
man flu: a bad cold
man cave, man caves: den, dens
man enough: brave enough
man up: be brave
grow some balls: be brave
ladylike: courteous
unladylike: impolite
unmanly: timid
unwomanly: unconventional
mannish: strong-looking
throws like a girl: throws poorly
throw like a girl: throw poorly
fights like a girl: fights poorly
fight like a girl: fight poorly
runs like a girl: runs slowly
run like a girl: run slowly
cries like a girl: cries a lot
cry like a girl: cry a lot
crying like a girl: crying a lot
screams like a girl: screams loudly
scream like a girl: scream loudly
act like a lady: be polite
boys will be boys: children misbehave at times
women's work: household work
woman's work: household work
man's work: hard work
a man's job: a demanding job
a woman's job: a caring job
woman's place: place
wears the trousers: is in charge
wears the pants: is in charge
wear the pants: be in charge
female logic: poor logic
women's logic: poor logic
time of the month: bad mood
on the rag: in a bad mood
"""

RULES: Final[tuple[Rule, ...]] = (
    *table("gender", _ROLES),
    *table("gender", _EVERYBODY),
    *table("gender", _QUALITIES),
)
