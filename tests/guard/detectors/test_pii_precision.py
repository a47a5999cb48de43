"""What the whole catalogue must leave alone: prose, figures and code without a single entity in them."""

from __future__ import annotations

import pytest

from proxy.guard.detectors.pii_rules import RULES
from proxy.guard.runner import compile_rules
from tests.guard.detectors.pii_oracle import scan

_PROSE = (
    "The committee met on Tuesday, and most members agreed that opening at nine would help students.",
    "Staffing costs have risen by 4.5% since 2019; a decision is due between 2025-01-15 and 2025-03-31.",
    "Photosynthesis turns 6 CO2 and 6 H2O into C6H12O6 and 6 O2.",
    "In 1969, Apollo 11 landed at 20:17:40 UTC on July 20; the crew returned on the 24th.",
    "Your password must contain at least 8 characters, one digit and one symbol.",
    "I forgot my password: what should I do? The password is wrong, says the page.",
    "An API key is a secret; keep your token safe and never paste a token: rotate it instead.",
    "The phone rang twice. Phone 4 of 5 was faulty, and the mobile 5G network was down.",
    "He scored 3-1, 2-0 and 6-4, 6-3 in the final of 1998-1999.",
    "Mix 250 g flour, 125 ml milk and 2 eggs; bake for 35-40 minutes at 180 °C.",
    "Pi is roughly 3.14159265358979, e is 2.71828182845905 and the golden ratio 1.6180339887.",
    "The population grew from 1,234,567 to 2 345 678 in ten years, a gain of 1 111 111.",
    "Flight BA2490 leaves Terminal 5 at 07:45, gate B36, seat 14C.",
    "See chapter 12, section 3.4.1, page 256, and figure 7-12 in the 2nd edition.",
    "ISBN 978-3-16-148410-0 and ISSN 2049-3630 identify a book and a journal.",
    "The driver's license is REQUIRED for rental; a passport works too, and so does an identity card.",
    "Open an account with any bank; the account number is printed on the statement.",
    "Version 2.14.0-rc.3 replaces v2.13.7, which replaced 2.13.",
    "Set the resolution to 1920x1080 at 60 Hz, or 3840x2160 if your card supports it.",
    "The basic understanding of electrodynamics took 1864 as its year; the bearer of news came late.",
    "Die Straße ist lang, die Tür ist offen, und der Zug fährt um 14:05 Uhr ab.",
    "Le café coûte 2,50 € et l'addition s'élève à 37,80 €, service compris.",
    "El número 42 aparece en la página 1.024 del tomo III.",
    "我们在2024年3月15日下午3点开会，讨论第二季度的预算。",
    "Привет, мир! Сегодня 15 марта, температура минус 3 градуса.",
    "and/or, either/or, w/o, e.g./i.e., 24/7, TCP/IP, km/h, 50/50",
    "Follow @someone and use #hashtag2024; meet @ noon, or email me later.",
    "Score: 10/10!!! Would read again... (really?) [yes] {maybe} <perhaps>",
    "A UUID such as 123e4567-e89b-12d3-a456-426614174000 names a thing, not a person.",
    "The commit 9fceb02d0ae598e95dc970b74767f19372d61af8 broke the build.",
    "Room 101, floor 3, building 7B, locker 0042, ticket INC0012345, order 4539-5787.",
    "Serial SN-20240115-0007 was shipped as lot 8841-B with part 55-1234-09.",
    "Wire the 10k resistor to pin 13; the 555 timer needs 4.5-16 V.",
    "Roman numerals: MMXXIV, MCMLXXXIV, XLII. Hex digits: dead beef cafe babe.",
    "The social security system was created in 1935 and the tax file was closed.",
    "Medicare covers people over 65; the NHS covers everyone; Aadhaar covers a billion.",
    "She ran 5 km in 24:31, 10 km in 51:08 and 21.1 km in 1:52:40.",
    "Ratio 16:9, verse 3:16, odds 7:2, time 12:30:45.123, scale 1:25000.",
    "Timestamps like 1700000000 or 1700000000123 count seconds or milliseconds.",
    "2^64 is 18446744073709551616 and 2^53 is 9007199254740992.",
)

_CODE = (
    "def add(a: int, b: int) -> int:\n    return a + b",
    "for i in range(0, 100, 5): print(f'{i:03d} {i ** 2}')",
    "SELECT id, name FROM users WHERE created_at > '2024-01-01 10:30:00' LIMIT 10;",
    "password = os.environ['DB_PASSWORD1']",
    "token = get_token_from_header_v2(request)",
    "api_key = settings.services.openai.api_key_v2",
    'client = Client(api_key="your-api-key-0123456789", secret="changeme-0123456789")',
    "OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "export GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "DATABASE_URL=postgres://user:${DB_PASSWORD}/app",
    "curl -H 'Authorization: Bearer $TOKEN' -o out.json",
    "std::vector<int> v{1, 2, 3}; ::abort(); a::b::c();",
    'let x: &\'static str = "hello"; println!("{:>8.3}", 3.14159);',
    "git clone git@github.com:owner/name.git && cd name",
    "npm install lodash@4.17.21 react@18.2.0 @types/node@20.1.0",
    "@app.route('/users/<int:user_id>')",
    "import com.example.service.UserService;",
    "const re = /^[a-z0-9]+$/i; const n = 0xDEADBEEF; const m = 1e-9;",
    "docker run -u 1000:1000 -p 8080:80 -v /data:/data nginx:1.25.3",
    "colour: #a1b2c3; background: rgba(255, 255, 255, 0.85);",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "-----BEGIN CERTIFICATE-----\nMIIB8jCCAVugAwIBAgIUQ2hlY2tzdW1PbmVUd29UaHJlZUZvdXI\n-----END CERTIFICATE-----",
    '{"id": 1234567890, "ok": true, "items": [1, 2, 3], "rate": 0.30000000000000004}',
    "chmod 0755 run.sh; kill -9 12345; sleep 0.25; echo $?",
    "| Name | Value |\n|------|-------|\n| key | 12 |\n| token | none |",
    "class Token(NamedTuple):\n    kind: str\n    value: str",
    "x = y ** 2 + 3 * y - 7  # token count: 4096",
    "self.assertEqual(parse('2024-02-30'), None)",
    "const passwordField = document.getElementById('password');",
    "if (password.length < 12) { throw new Error('password: too short'); }",
)


@pytest.mark.parametrize("text", _PROSE + _CODE)
def test_nothing_is_found(text: str) -> None:
    found = scan(compile_rules(RULES), [text])
    assert [(label, text[start:end]) for start, end, label in found] == []
