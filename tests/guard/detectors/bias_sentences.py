"""Sentences written for the ``bias`` detector: biased ones, and neutral ones that speak of the same groups."""

from __future__ import annotations

from typing import Final

BIASED: Final = tuple(
    """
The chairman opened the meeting and thanked the sponsors.
Women can't drive in the snow, everybody knows it.
We need more manpower for the night shift.
All immigrants are criminals if you ask him.
She is surprisingly smart for a girl.
He is too old to learn a new language.
Our stewardess brought coffee and a blanket.
Girls are naturally worse at mathematics than boys.
The office is looking for a young and dynamic salesman.
You throw like a girl, try again.
Old people can't use computers without help.
He has been confined to a wheelchair since May.
The poor boy suffers from autism.
Muslims are terrorists, he shouted.
They tried to jew down the price.
I got gypped by that mechanic.
The firemen arrived in four minutes.
She lives with a deaf-mute uncle.
Those foreigners are all thieves.
Boys will be boys, said the teacher.
A woman's place is in the kitchen.
Millennials are lazy and want everything at once.
Illegal aliens work on that farm.
The oriental woman next door makes great soup.
Her sexual preference is nobody's business.
It is a third-world country with bad roads.
He is a retard, do not listen to him.
My mailman comes at noon.
You people always complain about the food.
Real men don't cry at movies.
Women belong in the kitchen.
She is a career woman without a family.
The businessmen met over lunch.
He told her to man up and finish it.
That is so typical: women are too emotional to lead.
Blacks are inferior, the pamphlet claimed.
Jews are greedy, said the old pamphlet.
Blondes are dumb, goes the joke.
The gay agenda is in our schools, she warned.
He was born a man and had a sex change.
The elderly are a drain on the budget.
We must help the disabled, who cannot help themselves.
He is such a psycho when he drives.
My neighbour is an old hag.
It was a Chinese fire drill at the airport.
Every policeman in town knows her.
They are just white trash.
Asian people are good at math.
Immigrants are stealing our jobs.
That's so gay, he laughed.
Housewives love this product.
Mankind has always looked at the stars.
She is quite articulate for a black woman.
Ladies should stay at home and raise children.
Gay men are promiscuous, according to the article.
He committed suicide last year.
Indian giver, he called his brother.
The spokesman declined to comment.
Disabled people are a burden, the text said.
Mexicans are lazy workers, the boss believed.
""".strip().splitlines()
)

NEUTRAL: Final = tuple(
    """
The chairperson opened the meeting and thanked the sponsors.
My old neighbour, an elderly woman, learned to drive at seventy.
She is a Muslim engineer from Berlin.
He is a proud gay man and a father of two.
The women in the team shipped the release on Friday.
All people are equal before the law.
Black people were denied the vote in many states.
Jewish families settled here in the twelfth century.
I am a deaf person who likes to travel.
We bought a gift for a girl in my class.
The blind man crossed the street with his dog.
She is a disabled athlete and holds two records.
Immigrants are welcome in our library.
Women could not vote in Switzerland before 1971.
The bread is too old to eat.
He manages a women's football club.
The transgender community held a meeting.
Men and women are paid the same here.
Christians, Hindus and Muslims live in this town.
The elderly man next door plays the violin.
Peyton Manning threw for three touchdowns.
The Isle of Man lies in the Irish Sea.
My mother speaks Chinese and French.
They discussed the rights of gay people in court.
Old age begins later than it used to.
The Germans won the final in extra time.
Superman and Batman are comic book heroes.
A human being needs water.
Many lesbians and gays moved to the city.
This policy helps autistic people find work.
The young woman leads the department.
Our German shepherd is a good dog.
She has been in a wheelchair race since May.
Girls and boys receive the same lessons.
The Asian market opened higher today.
He read a poem by a Black woman.
The management team managed the mandate.
My boss is an older man from Mexico.
The white house at the corner is for sale.
Women's health is the topic of the week.
Latino voters turned out in large numbers.
An atheist and a priest wrote the book together.
Refugees are people who had to flee.
The queer film festival opens in June.
Blind people read Braille or use screen readers.
He is good for a loan of ten euros.
A Catholic school and a mosque share the yard.
All women are invited to the screening.
She reads the Old Testament in Hebrew.
Grandmothers and grandfathers enjoyed the concert.
The actor thanked the police officers.
The trans woman won the local election.
Native American art is shown on the second floor.
He is bisexual, and she is straight.
There is a strong case for a woman who works nights.
Poor visibility delayed the flight.
Homeless shelters open in November.
Hispanic children attend both schools.
The romance languages include Romanian.
We respect people of every religion, age and origin.
""".strip().splitlines()
)
