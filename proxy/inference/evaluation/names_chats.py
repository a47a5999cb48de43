"""Chat texts of our own with people and places in them, and others that only look like it; labelled by hand.

``[person:…]``, ``[city:…]`` and ``[location:…]`` mark what should be found. Written before the model was run on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CHATS: Final[Mapping[str, tuple[str, ...]]] = {
    "lower case": (
        "hey this is [person:sandra] from accounting, can u resend the invoice",
        "my name is [person:tom baker] and i need to change my flight",
        "pls tell [person:mike] i'm running late, stuck in [city:leeds]",
        "is [person:dr nguyen] free on thursday or should i book with [person:dr costa]",
        "can you write a birthday poem for my sister [person:aisha], she turns 30",
        "i live in [city:portland] with my husband [person:greg] and two cats",
        "[person:juan carlos ortega] here, order still not shipped to [city:tucson]",
        "draft an email to [person:priya sharma] saying the demo moved to monday",
        "my landlord [person:mr kowalski] won't fix the heating, what are my rights in [city:chicago]",
        "asking for my friend [person:lena], she got fired by her boss [person:patrick o'neill]",
        "we're driving from [city:denver] to [city:santa fe] next week, any tips",
        "who is the contact? its [person:hannah schmidt], ask for her at the desk",
    ),
    "code and data": (
        'user = {"first": "[person:Roberto]", "last": "[person:Garcia]", "city": "[city:Valencia]"}',
        "INSERT INTO patients (name, city) VALUES ('[person:Emily Watson]', '[city:Bristol]');",
        "name,email\n[person:Oliver Grant],o.grant@example.com\n[person:Mia Rossi],mia@example.com",
        "# author: [person:Yuki Tanaka]\ndef add(a, b):\n    return a + b",
        "<td>[person:Fatima Zahra]</td><td>[city:Casablanca]</td><td>active</td>",
        "git commit --author='[person:Lars Nilsson] <lars@example.com>' -m 'fix build'",
        "assert greet('[person:Priya]') == 'Hello, [person:Priya]!'",
        "- id: 17\n  customer: [person:Daniel Okafor]\n  ship_to: [city:Lagos]",
    ),
    "addresses": (
        "Ship it to [location:221 Oak Street], [city:Springfield], [location:IL 62704], please.",
        "The office is at [location:48 Rue de la Paix], [city:Paris].",
        "I moved to [location:7 Elm Court, Apt 12], [city:Boston], [location:MA 02115] last month.",
        "[person:Karen Lee]\n[location:1500 Sunset Boulevard]\n[city:Los Angeles], [location:CA 90026]",
        "Send the parcel to [person:Jonas Weber], [location:Hauptstraße 5], [city:Berlin].",
        "meet me at [location:90 queen street], [city:melbourne]",
        "Our warehouse, [location:3 Industrial Road], [city:Manchester], opens at six.",
        "Deliver to [person:Ms Chen], [location:15 Bridge Lane, Flat 2B], [city:Cambridge].",
    ),
    "answers": (
        "Dear [person:Ms. Alvarez], thank you for your application for the position of analyst.",
        "According to your notes, [person:Peter] will present first and [person:Ingrid Olsen] will follow.",
        "The appointment with [person:Dr. Rahman] has been moved to 3 pm at the clinic in [city:Oxford].",
        "Your emergency contact is [person:Beatriz Almeida], who lives in [city:Porto].",
        "Sure! Here is a short bio: [person:Noah Fischer] is a carpenter from [city:Graz] with two children.",
        "The ticket was opened by [person:Wei Zhang] and is assigned to [person:Amara Nwosu].",
        "In the minutes, [person:Tomasz Wójcik] objected and [person:Chloé Martin] abstained.",
        "[person:Mr. Abdullah] called about the invoice; please call [person:Layla Haddad] back instead.",
    ),
    "famous": (
        "[person:Albert Einstein] developed the theory of relativity in [city:Bern].",
        "[person:Marie Curie] was born in [city:Warsaw] and won two Nobel Prizes.",
        "The play was written by [person:William Shakespeare] around 1600.",
        "[person:Nelson Mandela] became president in 1994.",
        "[person:Ada Lovelace] worked with [person:Charles Babbage] on the Analytical Engine.",
        "The composer [person:Ludwig van Beethoven] was born in [city:Bonn].",
        "[person:Plato] was a student of [person:Socrates] and taught [person:Aristotle] in [city:Athens].",
        "[person:Frida Kahlo] painted most of her work in [city:Mexico City].",
    ),
    "nothing": (
        "Write a haiku about autumn leaves and the smell of rain.",
        "Bash, Ruby, Julia and Python are all fine choices for this script.",
        "The Apache Kafka cluster talks to Jenkins through a Docker network.",
        "In May we will release Amber, the new theme, and in June the Jade one.",
        "Explain the Doppler effect and the Pythagorean theorem in simple words.",
        "A rose needs sun; a lily and an iris like half shade, and violet likes it cool.",
        "Mark the box, sue for damages, bill the client, and frank the letter.",
        "Will hope and grace be enough, or does faith need joy as well?",
        "Preheat the oven to 180 degrees, then grate parmesan and add a dash of Worcestershire sauce.",
        "class Hunter(Character):\n    def chase(self, target: Target) -> None: ...",
        "The Python package Pillow reads JPEG files, Celery runs tasks and Flask serves them.",
        "Install Jasmine and Karma, then run the tests with Mocha and Chai.",
        "Summarize the contract: the Buyer pays the Seller within 30 days of delivery.",
        "What is the difference between a Roth IRA and a traditional one?",
        "Turkey in the oven, china on the table: dinner is ready at eight.",
        "Parkinson's disease, Down syndrome and Crohn's disease are different things.",
        "She sells sea shells on the sea shore, and the shells she sells are sea shells.",
        "Open Settings, choose Display, and turn on Dark Mode to save battery.",
        "The quick brown fox jumps over the lazy dog while the cook stirs the soup.",
        "def main(argv: list[str]) -> int:\n    print('hello world')\n    return 0",
    ),
}
