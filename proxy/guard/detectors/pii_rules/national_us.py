"""Numbers that identify people and their accounts in the United States.

Formats: Social Security Administration (20 CFR 422.103), Internal Revenue Service (ITIN, EIN), Centers for Medicare &
Medicaid Services (MBI, NPI), Drug Enforcement Administration (21 CFR 1301.13), American Bankers Association (routing),
Department of State (passports), and the state licence formats that AAMVA members publish. A number whose form is
shared with many others counts only behind its name.
"""

from __future__ import annotations

from typing import Final

from stdnum.us import ein, itin, rtn

from proxy.guard.detectors.pii_rules.building import BOUNDARY, NAMES
from proxy.guard.detectors.pii_rules.checksums import us_dea_number, us_npi, us_social_security
from proxy.guard.detectors.pii_rules.validators import by_stdnum, has_digits
from proxy.guard.rule import Rule

_CLOSED = r"(?![A-Za-z0-9]|-[0-9])"

RULES: Final = (
    Rule(
        name="us_ssn",
        label="US_SSN",
        group="pii",
        pattern=rf"(?<![A-Za-z0-9-])[0-8][0-9]{{2}}(?:-[0-9]{{2}}-|[ .][0-9]{{2}}[ .])[0-9]{{4}}{_CLOSED}",
        validate=us_social_security,
        examples=("SSN «123-45-6789».", "it is «536 22 1234», I think", "(«219.09.9999»)"),
        counter_examples=("000-12-3456", "666-12-3456", "123-00-4567", "123-45-0000", "1123-45-6789", "123-45-67890"),
    ),
    Rule(
        name="us_ssn_after_label",
        label="US_SSN",
        group="pii",
        pattern=rf"[0-8][0-9]{{8}}{_CLOSED}",
        validate=us_social_security,
        context=rf"{BOUNDARY}(?i:ssn|social security){NAMES}",
        examples=("SSN: «123456789»", "social security number is «536221234».", '"ssn": "«123456789»"'),
        counter_examples=("SSN 000123456", "ticket 123456789", "ssn: 1234567890"),
    ),
    Rule(
        name="us_itin",
        label="US_ITIN",
        group="pii",
        pattern=rf"(?<![A-Za-z0-9-])9[0-9]{{2}}(?:-[0-9]{{2}}-| [0-9]{{2}} )[0-9]{{4}}{_CLOSED}",
        validate=by_stdnum(itin),
        examples=("ITIN «912-90-3456»", "«912 90 3456»"),
        counter_examples=("912-93-4567", "912-89-3456", "912-90-34567"),
    ),
    Rule(
        name="us_itin_after_label",
        label="US_ITIN",
        group="pii",
        pattern=rf"9[0-9]{{8}}{_CLOSED}",
        validate=by_stdnum(itin),
        context=rf"{BOUNDARY}(?i:itin|taxpayer identification){NAMES}",
        examples=("ITIN: «912903456»",),
        counter_examples=("ITIN: 912893456", "912903456"),
    ),
    Rule(
        name="us_ein",
        label="US_EIN",
        group="pii",
        pattern=rf"[0-9]{{2}}-?[0-9]{{7}}{_CLOSED}",
        validate=by_stdnum(ein),
        context=rf"{BOUNDARY}(?i:ein|fein|employer identification){NAMES}",
        examples=("EIN: «91-1144442»", "our EIN is «911144442»"),
        counter_examples=("91-1144442", "EIN: 07-1144442"),
    ),
    Rule(
        name="us_passport",
        label="US_PASSPORT",
        group="pii",
        pattern=r"[A-Z0-9][0-9]{8}(?![A-Za-z0-9])",
        context=rf"{BOUNDARY}(?i:passport){NAMES}",
        examples=("passport number: «A12345678»", "US passport «123456789»", "passport no. «C01234567»."),
        counter_examples=("A12345678", "passport 12345", "passport: A1234567B"),
    ),
    Rule(
        name="us_driver_license",
        label="US_DRIVER_LICENSE",
        group="pii",
        pattern=r"[A-Z0-9](?:-?[A-Z0-9]){4,18}(?![A-Za-z0-9-])",
        validate=has_digits(4),
        context=rf"{BOUNDARY}(?i:driver'?s? licen[sc]e|driving licen[sc]e|driver_licen[sc]e|license number|dl){NAMES}",
        examples=(
            "driver's license: «D1234567»",
            "Driver license number «F255-921-50-094-0».",
            "DL# «12345678»",
            "driving licence no. «MORGA657054SM9IJ»",
        ),
        counter_examples=("driver's license is REQUIRED", "D1234567", "license number: none"),
    ),
    Rule(
        name="us_bank_number",
        label="US_BANK_NUMBER",
        group="pii",
        pattern=r"[0-9]{8,17}(?![A-Za-z0-9])",
        context=(
            rf"{BOUNDARY}(?i:(?:bank|checking|savings|deposit)[ _-]?(?:account|acct)?|account|acct|a/c)"
            rf"(?:[ _-]?(?i:number|num|no|nr)\.?)?{NAMES}"
        ),
        examples=("account number: «000123456789»", "checking account «12345678901».", '"account_no": "«4521889123»"'),
        counter_examples=("account 1234", "000123456789", "account: 12345678x"),
    ),
    Rule(
        name="us_aba_routing_number",
        label="US_ABA_ROUTING",
        group="pii",
        pattern=r"[0-9]{9}(?![A-Za-z0-9])",
        validate=by_stdnum(rtn),
        context=rf"{BOUNDARY}(?i:routing|aba|rtn){NAMES}",
        examples=("routing number «111000025»", "ABA: «021000021»"),
        counter_examples=("routing number 111000026", "111000025"),
    ),
    Rule(
        name="us_medicare_beneficiary",
        label="US_MBI",
        group="pii",
        pattern=(
            rf"{BOUNDARY}[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]-?"
            r"[AC-HJKMNP-RT-Y]{2}[0-9]{2}(?![A-Za-z0-9])"
        ),
        examples=("Medicare «1EG4-TE5-MK73»", "«1EG4TE5MK73»"),
        counter_examples=("1SG4-TE5-MK73", "0EG4-TE5-MK73", "1EG4-TE5-MK733"),
    ),
    Rule(
        name="us_npi",
        label="US_NPI",
        group="pii",
        pattern=r"[12][0-9]{9}(?![A-Za-z0-9])",
        validate=us_npi,
        context=rf"{BOUNDARY}(?i:npi|national provider identifier){NAMES}",
        examples=("NPI: «1234567893»",),
        counter_examples=("NPI: 1234567890", "1234567893"),
    ),
    Rule(
        name="us_dea_number",
        label="MEDICAL_LICENSE",
        group="pii",
        pattern=rf"{BOUNDARY}[ABCDEFGHJKLMPRSTUX][A-Z9][0-9]{{7}}(?![A-Za-z0-9])",
        validate=us_dea_number,
        examples=("DEA «AB1234563»", "prescriber «F91234563»."),
        counter_examples=("AB1234567", "NB1234563", "AB12345633"),
    ),
)
