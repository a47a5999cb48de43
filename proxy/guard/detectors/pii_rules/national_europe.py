"""Numbers that identify people in Europe.

Formats: NHS England (NHS number), HMRC (NINO), Ministerio del Interior (NIF, NIE), Agenzia delle Entrate (codice
fiscale, partita IVA), Ministero dell'Interno (CIE, patente), PESEL register, INSEE (NIR), BZSt (IdNr), Rijksoverheid
(BSN), Belgian National Register, Digital and Population Data Services Agency (henkilötunnus), Skatteverket,
CPR-kontoret, and the Swiss compensation office (AHV). A bare number whose form is shared counts only behind its name.
"""

from __future__ import annotations

from typing import Final

from stdnum.ch import ssn as ahv
from stdnum.de import idnr
from stdnum.es import nie, nif
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.it import codicefiscale, iva
from stdnum.nl import bsn
from stdnum.pl import pesel

from proxy.guard.detectors.pii_rules.building import BOUNDARY, NAMES
from proxy.guard.detectors.pii_rules.checksums import (
    belgian_national_number,
    danish_cpr_number,
    swedish_personal_number,
)
from proxy.guard.detectors.pii_rules.validators import by_stdnum
from proxy.guard.rule import Rule

_CLOSED = r"(?![A-Za-z0-9])"

_BRITISH: Final = (
    Rule(
        name="uk_nhs",
        label="UK_NHS",
        group="pii",
        pattern=rf"{BOUNDARY}[0-9]{{3}}[ -][0-9]{{3}}[ -][0-9]{{4}}{_CLOSED}",
        validate=by_stdnum(nhs),
        examples=("NHS «943 476 5919».", "«943-476-5919»"),
        counter_examples=("943 476 5918", "9434765919"),
    ),
    Rule(
        name="uk_nhs_after_label",
        label="UK_NHS",
        group="pii",
        pattern=rf"[0-9]{{10}}{_CLOSED}",
        validate=by_stdnum(nhs),
        context=rf"{BOUNDARY}(?i:nhs){NAMES}",
        examples=("NHS number: «9434765919»", "nhs no. «9434765919»"),
        counter_examples=("NHS number: 9434765918", "9434765919"),
    ),
    Rule(
        name="uk_nino",
        label="UK_NINO",
        group="pii",
        pattern=(
            rf"{BOUNDARY}(?:[ACEHJLMOPRSWXY][A-CEGHJ-NPR-TW-Z]|B[A-CEHJ-NPR-TW-Z]|G[ACEGHJ-NPR-TW-Z]"
            r"|[KT][A-CEGHJ-MPR-TW-Z]|N[A-CEGHJLMNPR-SW-Z]|Z[A-CEGHJ-NPR-TW-Y])"
            rf" ?[0-9]{{2}} ?[0-9]{{2}} ?[0-9]{{2}} ?[A-D]{_CLOSED}"
        ),
        examples=("NI number «AB123456C»", "«AB 12 34 56 C»."),
        counter_examples=("BG123456A", "AB123456E", "DB123456A", "GB123456A"),
    ),
)

_SPANISH_AND_ITALIAN: Final = (
    Rule(
        name="es_nif",
        label="ES_NIF",
        group="pii",
        pattern=rf"{BOUNDARY}(?:[0-9]{{8}}|[KLM][0-9]{{7}})[ -]?[A-Za-z]{_CLOSED}",
        validate=by_stdnum(nif),
        examples=("DNI «54362315K»", "«54362315-K»."),
        counter_examples=("54362315Z", "54362315KX"),
    ),
    Rule(
        name="es_nie",
        label="ES_NIE",
        group="pii",
        pattern=rf"{BOUNDARY}[XYZxyz]-?[0-9]{{7}}-?[A-Za-z]{_CLOSED}",
        validate=by_stdnum(nie),
        examples=("NIE «X2482300W»", "«X-2482300-W»"),
        counter_examples=("X2482300A",),
    ),
    Rule(
        name="it_fiscal_code",
        label="IT_FISCAL_CODE",
        group="pii",
        pattern=(
            rf"{BOUNDARY}(?i:[A-Z]{{6}}[0-9LMNPQRSTUV]{{2}}[ABCDEHLMPRST][0-9LMNPQRSTUV]{{2}}"
            rf"[A-Z][0-9LMNPQRSTUV]{{3}}[A-Z]){_CLOSED}"
        ),
        validate=by_stdnum(codicefiscale),
        examples=("codice fiscale «RCCMNL83S18D969H».", "«rccmnl83s18d969h»"),
        counter_examples=("RCCMNL83S18D969A", "extraordinarylong"),
    ),
    Rule(
        name="it_vat_code",
        label="IT_VAT_CODE",
        group="pii",
        pattern=rf"{BOUNDARY}IT ?[0-9]{{11}}{_CLOSED}",
        validate=lambda text: by_stdnum(iva)(text[2:]),
        examples=("VAT «IT00743110157»", "«IT 00743110157»."),
        counter_examples=("IT00743110158", "00743110157"),
    ),
    Rule(
        name="it_vat_code_after_label",
        label="IT_VAT_CODE",
        group="pii",
        pattern=rf"[0-9]{{11}}{_CLOSED}",
        validate=by_stdnum(iva),
        context=rf"{BOUNDARY}(?i:p\.? ?iva|partita iva){NAMES}",
        examples=("P.IVA «00743110157»", "partita IVA: «00743110157»"),
        counter_examples=("00743110157", "P.IVA 00743110158"),
    ),
    Rule(
        name="it_driver_license",
        label="IT_DRIVER_LICENSE",
        group="pii",
        pattern=rf"{BOUNDARY}(?:U1[0-9BCDFGHJKLMNPQRSTVWXYZ]{{7}}|[A-Z]{{2}}[0-9]{{7}})[A-Z]{_CLOSED}",
        examples=("patente «U1H00B7Z2K»", "«AB1234567C»."),
        counter_examples=("AB123456C", "AB1234567", "U1AEIOU123"),
    ),
    Rule(
        name="it_passport",
        label="IT_PASSPORT",
        group="pii",
        pattern=rf"[A-Z]{{2}}[0-9]{{7}}{_CLOSED}",
        context=rf"{BOUNDARY}(?i:passaporto|passport){NAMES}",
        examples=("passaporto «YA1234567»", "passport number: «AA1234567»"),
        counter_examples=("YA1234567", "passaporto YA123456"),
    ),
    Rule(
        name="it_identity_card",
        label="IT_IDENTITY_CARD",
        group="pii",
        pattern=rf"{BOUNDARY}C[A-Z][0-9]{{5}}[A-Z]{{2}}{_CLOSED}",
        examples=("CIE «CA12345AA».",),
        counter_examples=("CA12345A", "XCA12345AA", "AA12345AA"),
    ),
    Rule(
        name="it_identity_card_after_label",
        label="IT_IDENTITY_CARD",
        group="pii",
        pattern=rf"(?:[A-Z]{{2}}[0-9]{{7}}|[0-9]{{7}}[A-Z]{{2}}){_CLOSED}",
        context=rf"{BOUNDARY}(?i:carta d'identit(?:\u00e0|a'?)|identity card){NAMES}",
        examples=("carta d'identità «AA1234567»", "identity card no. «1234567AB»"),
        counter_examples=("AA1234567", "carta d'identità AA123456"),
    ),
)

_OTHERS: Final = (
    Rule(
        name="pl_pesel",
        label="PL_PESEL",
        group="pii",
        pattern=rf"{BOUNDARY}[0-9]{{11}}{_CLOSED}",
        validate=by_stdnum(pesel),
        examples=("PESEL «44051401359»",),
        counter_examples=("44051401358", "44951401359", "440514013590"),
    ),
    Rule(
        name="fr_nir",
        label="FR_NIR",
        group="pii",
        pattern=rf"{BOUNDARY}[12] ?[0-9]{{2}} ?[0-9]{{2}} ?[0-9][0-9AB] ?[0-9]{{3}} ?[0-9]{{3}} ?[0-9]{{2}}{_CLOSED}",
        validate=by_stdnum(nir),
        examples=("NIR «2 95 10 99 126 111 93»", "«295109912611193»."),
        counter_examples=("2 95 10 99 126 111 94",),
    ),
    Rule(
        name="de_tax_id",
        label="DE_TAX_ID",
        group="pii",
        pattern=rf"[1-9][0-9](?: ?[0-9]{{3}}){{3}}{_CLOSED}",
        validate=by_stdnum(idnr),
        context=rf"{BOUNDARY}(?i:steuer-?id(?:entifikationsnummer)?|steuernummer|idnr\.?|tax id){NAMES}",
        examples=("Steuer-ID: «36 574 261 809»", "IdNr. «36574261809»"),
        counter_examples=("36 574 261 809", "Steuer-ID: 36 574 261 808"),
    ),
    Rule(
        name="nl_bsn",
        label="NL_BSN",
        group="pii",
        pattern=rf"[0-9]{{9}}{_CLOSED}",
        validate=by_stdnum(bsn),
        context=rf"{BOUNDARY}(?i:bsn|burgerservicenummer){NAMES}",
        examples=("BSN: «111222333»",),
        counter_examples=("BSN: 111222334", "111222333"),
    ),
    Rule(
        name="be_national_number",
        label="BE_NATIONAL_NUMBER",
        group="pii",
        pattern=rf"{BOUNDARY}[0-9]{{2}}\.[0-9]{{2}}\.[0-9]{{2}}-[0-9]{{3}}\.[0-9]{{2}}{_CLOSED}",
        validate=belgian_national_number,
        examples=("«85.07.30-033.28»",),
        counter_examples=("85.07.30-033.29",),
    ),
    Rule(
        name="fi_personal_identity_code",
        label="FI_PERSONAL_IDENTITY_CODE",
        group="pii",
        pattern=rf"{BOUNDARY}[0-3][0-9][01][0-9]{{3}}[-+A-FU-Y][0-9]{{3}}[0-9A-Y]{_CLOSED}",
        validate=lambda text: bool(hetu.is_valid(text)),
        examples=("hetu «131052-308T»",),
        counter_examples=("131052-308A",),
    ),
    Rule(
        name="se_personal_number",
        label="SE_PERSONAL_NUMBER",
        group="pii",
        pattern=rf"{BOUNDARY}(?:19|20)?[0-9]{{6}}[-+][0-9]{{4}}{_CLOSED}",
        validate=swedish_personal_number,
        examples=("«811228-9874»", "personnummer «19811228-9874»."),
        counter_examples=("811228-9875", "811328-9873"),
    ),
    Rule(
        name="dk_cpr_number",
        label="DK_CPR_NUMBER",
        group="pii",
        pattern=rf"{BOUNDARY}[0-3][0-9][01][0-9]{{3}}-[0-9]{{4}}{_CLOSED}",
        validate=danish_cpr_number,
        examples=("CPR «211062-5629»",),
        counter_examples=("211362-5629", "2110625629"),
    ),
    Rule(
        name="ch_ahv_number",
        label="CH_AHV_NUMBER",
        group="pii",
        pattern=rf"{BOUNDARY}756(?:\.[0-9]{{4}}\.[0-9]{{4}}\.[0-9]{{2}}|[0-9]{{10}}){_CLOSED}",
        validate=by_stdnum(ahv),
        examples=("AHV «756.9217.0769.85»", "«7569217076985»"),
        counter_examples=("756.9217.0769.84",),
    ),
)

RULES: Final = _BRITISH + _SPANISH_AND_ITALIAN + _OTHERS
