"""Numbers that identify people in Asia, the Pacific, the Americas beyond the United States, and South Africa.

Formats: Immigration & Checkpoints Authority (NRIC, FIN), Australian Business Register (ABN), ASIC (ACN), Australian
Taxation Office (TFN), Services Australia (Medicare), UIDAI (Aadhaar), Income Tax Department of India (PAN), GB 11643
(Chinese identity number), Korean Ministry of the Interior (RRN), Service Canada (SIN), Receita Federal (CPF, CNPJ),
RENAPO (CURP), South African Department of Home Affairs.
"""

from __future__ import annotations

from typing import Final

from stdnum.au import abn, acn, tfn
from stdnum.br import cnpj, cpf
from stdnum.ca import sin
from stdnum.cn import ric
from stdnum.in_ import aadhaar, pan
from stdnum.mx import curp
from stdnum.tr import tckimlik

from proxy.guard.detectors.pii_rules.building import BOUNDARY, NAMES
from proxy.guard.detectors.pii_rules.checksums import (
    australian_medicare,
    korean_resident_number,
    singapore_nric,
    south_african_id,
)
from proxy.guard.detectors.pii_rules.validators import by_stdnum
from proxy.guard.rule import Rule

_CLOSED = r"(?![A-Za-z0-9]|[ -][0-9])"

_AUSTRALIAN: Final = (
    Rule(
        name="au_abn",
        label="AU_ABN",
        group="pii",
        pattern=rf"{BOUNDARY}[1-9][0-9](?: [0-9]{{3}}){{3}}{_CLOSED}",
        validate=by_stdnum(abn),
        examples=("ABN «83 914 571 673»", "(«51 824 753 556»)"),
        counter_examples=("83 914 571 674", "83914571673"),
    ),
    Rule(
        name="au_abn_after_label",
        label="AU_ABN",
        group="pii",
        pattern=rf"[1-9][0-9]{{10}}{_CLOSED}",
        validate=by_stdnum(abn),
        context=rf"{BOUNDARY}(?i:abn|australian business){NAMES}",
        examples=("ABN: «83914571673»",),
        counter_examples=("ABN: 83914571674", "83914571673"),
    ),
    Rule(
        name="au_acn",
        label="AU_ACN",
        group="pii",
        pattern=rf"[0-9]{{3}} ?[0-9]{{3}} ?[0-9]{{3}}{_CLOSED}",
        validate=by_stdnum(acn),
        context=rf"{BOUNDARY}(?i:acn|australian company){NAMES}",
        examples=("ACN «004 085 616»", "ACN: «004085616»."),
        counter_examples=("004 085 616", "ACN 004 085 617"),
    ),
    Rule(
        name="au_tfn",
        label="AU_TFN",
        group="pii",
        pattern=rf"[0-9]{{3}}[ -]?[0-9]{{3}}[ -]?[0-9]{{2,3}}{_CLOSED}",
        validate=by_stdnum(tfn),
        context=rf"{BOUNDARY}(?i:tfn|tax file){NAMES}",
        examples=("TFN: «123 456 782»", "tax file number is «123456782»."),
        counter_examples=("123 456 782", "TFN: 123 456 781"),
    ),
    Rule(
        name="au_medicare",
        label="AU_MEDICARE",
        group="pii",
        pattern=rf"{BOUNDARY}[2-6][0-9]{{3}}[ -][0-9]{{5}}[ -][0-9](?:[-/][1-9])?{_CLOSED}",
        validate=australian_medicare,
        examples=("Medicare «2123 45670 1»", "«2123-45670-1»."),
        counter_examples=("2123 45671 1", "2123456701"),
    ),
    Rule(
        name="au_medicare_after_label",
        label="AU_MEDICARE",
        group="pii",
        pattern=rf"[2-6][0-9]{{9,10}}{_CLOSED}",
        validate=australian_medicare,
        context=rf"{BOUNDARY}(?i:medicare){NAMES}",
        examples=("Medicare card number: «2123456701»",),
        counter_examples=("Medicare: 2123456711", "2123456701"),
    ),
)

_ASIAN: Final = (
    Rule(
        name="sg_nric_fin",
        label="SG_NRIC_FIN",
        group="pii",
        pattern=rf"{BOUNDARY}[STFGMstfgm][0-9]{{7}}[A-Za-z](?![A-Za-z0-9])",
        validate=singapore_nric,
        examples=("NRIC «S1234567D»", "FIN «F1234567N»,", "«M1234567K»", "«t1234567j»"),
        counter_examples=("S1234567A", "A1234567D", "M1234567A"),
    ),
    Rule(
        name="in_aadhaar",
        label="IN_AADHAAR",
        group="pii",
        pattern=rf"{BOUNDARY}[2-9][0-9]{{3}}[ -][0-9]{{4}}[ -][0-9]{{4}}{_CLOSED}",
        validate=by_stdnum(aadhaar),
        examples=("Aadhaar «2341 2341 2346»", "«2341-2341-2346»."),
        counter_examples=("2341 2341 2347", "234123412346", "2341 2341 2346 1"),
    ),
    Rule(
        name="in_aadhaar_after_label",
        label="IN_AADHAAR",
        group="pii",
        pattern=rf"[2-9][0-9]{{11}}{_CLOSED}",
        validate=by_stdnum(aadhaar),
        context=rf"{BOUNDARY}(?i:aadhaar|aadhar|uid){NAMES}",
        examples=("Aadhaar: «234123412346»",),
        counter_examples=("Aadhaar: 234123412347", "234123412346"),
    ),
    Rule(
        name="in_pan",
        label="IN_PAN",
        group="pii",
        pattern=rf"{BOUNDARY}[A-Z]{{3}}[ABCFGHJLPT][A-Z][0-9]{{4}}[A-Z](?![A-Za-z0-9])",
        validate=by_stdnum(pan),
        examples=("PAN «ACUPA7085R».",),
        counter_examples=("ACUZA7085R", "ACUPA7085"),
    ),
    Rule(
        name="cn_resident_identity",
        label="CN_RESIDENT_IDENTITY",
        group="pii",
        pattern=rf"{BOUNDARY}[1-9][0-9]{{5}}(?:19|20)[0-9]{{9}}[0-9Xx](?![A-Za-z0-9])",
        validate=by_stdnum(ric),
        examples=("«360426199101010071»",),
        counter_examples=("360426199101010072", "360426199113010071"),
    ),
    Rule(
        name="kr_rrn",
        label="KR_RRN",
        group="pii",
        pattern=rf"{BOUNDARY}[0-9]{{6}}-[1-8][0-9]{{6}}(?![A-Za-z0-9])",
        validate=korean_resident_number,
        examples=("RRN «971013-1019902»",),
        counter_examples=("971313-1019902", "971013-9019902"),
    ),
    Rule(
        name="tr_identity_number",
        label="TR_IDENTITY_NUMBER",
        group="pii",
        pattern=rf"[1-9][0-9]{{10}}{_CLOSED}",
        validate=by_stdnum(tckimlik),
        context=rf"{BOUNDARY}(?i:tckn|tc kimlik|kimlik){NAMES}",
        examples=("TCKN: «17291716060»",),
        counter_examples=("TCKN: 17291716061", "17291716060"),
    ),
)

_AMERICAN_AND_AFRICAN: Final = (
    Rule(
        name="ca_sin",
        label="CA_SIN",
        group="pii",
        pattern=rf"[1-79][0-9]{{2}}[ -]?[0-9]{{3}}[ -]?[0-9]{{3}}{_CLOSED}",
        validate=by_stdnum(sin),
        context=rf"{BOUNDARY}(?i:sin|social insurance){NAMES}",
        examples=("SIN: «123-456-782»", "social insurance number «123 456 782»"),
        counter_examples=("SIN: 123-456-783", "123-456-782"),
    ),
    Rule(
        name="br_cpf",
        label="BR_CPF",
        group="pii",
        pattern=rf"{BOUNDARY}[0-9]{{3}}\.[0-9]{{3}}\.[0-9]{{3}}-[0-9]{{2}}{_CLOSED}",
        validate=by_stdnum(cpf),
        examples=("CPF «390.533.447-05»",),
        counter_examples=("390.533.447-06",),
    ),
    Rule(
        name="br_cnpj",
        label="BR_CNPJ",
        group="pii",
        pattern=rf"{BOUNDARY}[0-9]{{2}}\.[0-9]{{3}}\.[0-9]{{3}}/[0-9]{{4}}-[0-9]{{2}}{_CLOSED}",
        validate=by_stdnum(cnpj),
        examples=("CNPJ «16.727.230/0001-97».",),
        counter_examples=("16.727.230/0001-98",),
    ),
    Rule(
        name="mx_curp",
        label="MX_CURP",
        group="pii",
        pattern=rf"{BOUNDARY}[A-Z]{{4}}[0-9]{{6}}[HMX][A-Z]{{5}}[0-9A-Z][0-9](?![A-Za-z0-9])",
        validate=by_stdnum(curp),
        examples=("CURP «BOXW310820HNERXN09»",),
        counter_examples=("BOXW310820HNERXN08",),
    ),
    Rule(
        name="za_id_number",
        label="ZA_ID_NUMBER",
        group="pii",
        pattern=rf"{BOUNDARY}[0-9]{{10}}[01][0-9]{{2}}(?![A-Za-z0-9])",
        validate=south_african_id,
        examples=("ID «8001015009087»",),
        counter_examples=("8001015009088", "8013015009085"),
    ),
)

RULES: Final = _AUSTRALIAN + _ASIAN + _AMERICAN_AND_AFRICAN
