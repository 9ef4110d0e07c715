"""The five protocols: sound, verbatim, and with nothing of the seed's steps left out."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from pathlib import Path

import pytest

from portal import protocols
from portal.domain import protocol as model
from portal.domain.protocol import OURS, quote_line, role_key
from portal.domain.protocol_check import AUDIENCES, check_protocol
from portal.domain.protocol_parse import ProtocolError, items, parse_protocol, to_json

SEEDS = Path(__file__).parents[1] / "vectors" / "seeds"
KEYS = ("borgen", "cals", "de-route", "handelingskaart", "oostpoort")

# Where the seed says what to do (first and last line), and lines there that say nothing to do:
# headings, and fragments of the flow charts' layout.
PRESCRIBES = {
    "borgen": [(2, 53)],
    "cals": [(33, 124)],
    "handelingskaart": [(4, 156)],
    "de-route": [(31, 112), (139, 164), (174, 220)],
    "oostpoort": [
        (197, 225),
        (232, 257),
        (262, 268),
        (277, 287),
        (313, 364),
        (388, 405),
        (469, 476),
        (493, 706),
    ],
}
SILENT = {
    "borgen": [r"De acties op een rij.*", r"STAP \d:"],
    "cals": [r"Onze acties zijn gericht op:", r"Wie doet wat\?"],
    "handelingskaart": [],
    "de-route": [
        r"Het bieden van steun aan de (leerling die gepest wordt|pester|ouders)",
        r"Het Herstelgesprek",
        r"Wanneer het pesten niet stopt",
        r"Preventieve inzet",
        r"De Route",
        r"[13]\. (Signaleren|Herstelgesprek)",
    ],
    "oostpoort": [
        r"1\. De algemene verantwoordelijkheid van de school",
        r"[23]\. Het bieden van steun aan de (jongere die gepest wordt|pester)",
        r"4\. Het betrekken van de middengroep bij het probleem",
        r"In gesprek met de (gepeste leerling|pester)",
        r"4\. Het stappenplan na een melding van pesten",
        r"4\.4 Vakdocenten en ondersteunend personeel",
        r"1\. De mentor",
        r"2\. De leerlingcoördinator",
    ],
}


def seed(name: str) -> str:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return file.read()


def lines_of(quote: str, start: int, source: str) -> set[int]:
    """The lines a quote covers, part by part from its first line on."""
    lines = source.split("\n")
    offset = sum(len(line) + 1 for line in lines[: start - 1])
    covered: set[int] = set()
    for part in quote.split("…"):
        pattern = r"\s+".join(map(re.escape, part.split()))
        match = re.compile(pattern).search(source, offset)
        assert match is not None, part
        first = source.count("\n", 0, match.start()) + 1
        covered |= set(range(first, source.count("\n", 0, match.end()) + 2))
        offset = match.end()
    return covered


def test_the_five_protocols_are_known():
    assert protocols.known() == KEYS
    with pytest.raises(protocols.UnknownProtocolError):
        protocols.load("../borgen")
    with pytest.raises(protocols.UnknownProtocolError):
        protocols.load("_portal")


@pytest.mark.parametrize("key", KEYS)
def test_a_protocol_is_sound_and_every_quote_stands_on_its_line(key):
    protocol = protocols.load(key)
    assert check_protocol(protocol, seed(protocol.seed)) == []
    own = [item for _place, item in items(protocol) if item.file not in OURS]
    assert len(own) > 30


@pytest.mark.parametrize("key", KEYS)
def test_nothing_the_seed_prescribes_is_left_out(key):
    protocol = protocols.load(key)
    source = seed(protocol.seed)
    covered: set[int] = set()
    for _place, item in items(protocol):
        if item.file == protocol.seed:
            covered |= lines_of(item.quote, item.line, source)
    lines = source.split("\n")
    missing = [
        f"{number}: {lines[number - 1]}"
        for first, last in PRESCRIBES[key]
        for number in range(first, last + 1)
        if lines[number - 1].strip()
        and number not in covered
        and not any(re.fullmatch(said, lines[number - 1].strip()) for said in SILENT[key])
    ]
    assert missing == []


@pytest.mark.parametrize("key", KEYS)
def test_names_of_real_people_are_not_in_the_copies(key):
    text = seed(f"{key}.txt")
    assert not re.search(r"Gemaakt door: \w", text)
    assert ("[naam weggelaten]" in text) == (key in {"cals", "oostpoort"})


def test_literal_titles_and_places_of_registrations():
    notes = {
        note.key: note
        for key in KEYS
        for step in protocols.load(key).steps
        for note in step.registrations
    }
    assert notes["logboek-1"].titles == ("Pesten stap 1", "pesten stap 2")
    assert (notes["logboek-1"].system, notes["logboek-1"].section) == ("Magister", "logboek")
    assert notes["lvs-incidentenregistratie"].section == "incidentenregistratie (LVS)"
    assert notes["som-zorgvierkant"].section == "zorgvierkant/ handelingsplan"
    assert notes["leerlingvolgsysteem-alle-leerlingen"].per_pupil


@pytest.mark.parametrize("key", KEYS)
def test_a_stored_protocol_reads_back_the_same(key):
    tables = json.loads(json.dumps(protocols.load_tables(key)))
    assert parse_protocol(tables) == protocols.load(key)
    assert parse_protocol(to_json(protocols.load(key))) == protocols.load(key)


BREAKS = [
    (lambda t: t["roles"][0].pop("quote"), "'quote' ontbreekt"),
    (lambda t: t["roles"][0].update(quote=" "), "citaat ontbreekt"),
    (lambda t: t["roles"][0].update(quote="De mentor slaapt."), "staat niet in de bron"),
    (lambda t: t["roles"][0].update(line=3), "begint niet op regel 3"),
    (lambda t: t["roles"][0].update(line=0), "regelnummer ontbreekt"),
    (lambda t: t["roles"][0].update(overseer=""), "niemand die meekijkt"),
    (lambda t: t["roles"][0].update(overseer="opper"), "onbekende rol 'opper'"),
    (lambda t: t["roles"][0].update(overseer="mentor"), "op zichzelf toe"),
    (lambda t: t["roles"][0].update(scope="wereld"), "'wereld' is geen keuze"),
    (lambda t: t["roles"][0].update(file="elders.txt"), "onbekend bestand"),
    (lambda t: t["roles"][0].update(colour="blue"), "onbekende sleutel 'colour'"),
    (lambda t: t["roles"][0].update(key=["mentor"]), "verkeerde soort waarde"),
    (lambda t: t["roles"].append(copy.deepcopy(t["roles"][0])), "staat er 2 keer"),
    (lambda t: t["roles"][1].update(key="Een Collega"), "is geen sleutel"),
    (lambda t: t["intake"][0].update(role="tovenaar"), "onbekende rol 'tovenaar'"),
    (lambda t: t["intake"][0].update(step="stap-9"), "onbekende stap 'stap-9'"),
    (lambda t: t["intake"][0].pop("when"), "geldt altijd"),
    (lambda t: t["intake"].pop(), "geldt niet altijd"),
    (lambda t: t.pop("intake"), "er zijn geen regels"),
    (lambda t: t["intake_also"][0].update(gates=["poort"]), "onbekende voorwaarde 'poort'"),
    (lambda t: t["intake"][0].update(when=[{"report_min": 4, "report_max": 2}]), "geen enkele"),
    (lambda t: t["intake"][0].update(when=[{"class_relation": "soms"}]), "'soms' is geen keuze"),
    (lambda t: t["steps"][0].update(owner="spook"), "onbekende rol 'spook'"),
    (lambda t: t["steps"][0].update(repeats=["stap-1"]), "weer bij zichzelf uit"),
    (lambda t: t["steps"][1]["conditions"][0].update(to="stap-1"), "weer bij zichzelf uit"),
    (lambda t: t["steps"][0]["conditions"][0].update(to="nergens"), "onbekende stap 'nergens'"),
    (lambda t: t["steps"][0]["gates"][0].update(blocks=[]), "houdt niets tegen"),
    (lambda t: t["steps"][0]["gates"][0].update(blocks=["dans"]), "onbekende handeling 'dans'"),
    (lambda t: t["steps"][0]["gates"][0].update(kind="hek"), "'hek' is geen keuze"),
    (lambda t: t["steps"][0]["actions"][0].update(after=["plan"]), "weer bij zichzelf uit"),
    (lambda t: t["steps"][0]["communications"][0].update(to=["krant"]), "onbekende rol 'krant'"),
    (lambda t: t["steps"][1]["registrations"][0].update(by="spook"), "onbekende rol 'spook'"),
    (lambda t: t["hard_rules"][0].update(guard="hond"), "'hond' is geen keuze"),
    (lambda t: t["hard_rules"][0].update(measures=["boete"]), "'boete' is geen maatregel"),
    (lambda t: t["hard_rules"][1].update(role="spook"), "onbekende rol 'spook'"),
    (
        lambda t: t["hard_rules"].append({**t["hard_rules"][0], "key": "x", "guard": "at_most"}),
        "'amount' ontbreekt",
    ),
    (lambda t: t.update(steps="vier"), "is geen lijst"),
    (lambda t: t.update(roles=["mentor"]), "is geen tabel"),
    (lambda t: t.update(format=2), "versie 2 is onbekend"),
]


@pytest.mark.parametrize(
    ("spoil", "said"), BREAKS, ids=[f"{n}-{said}" for n, (_spoil, said) in enumerate(BREAKS)]
)
def test_every_mistake_is_named(spoil, said):
    tables = protocols.load_tables("borgen")
    spoil(tables)
    try:
        faults = check_protocol(parse_protocol(tables), seed("borgen.txt"))
    except ProtocolError as error:
        faults = error.faults
    assert any(said in str(fault) for fault in faults), [str(fault) for fault in faults]
    assert all(fault.place and fault.remedy for fault in faults)


def test_every_field_of_a_protocol_file_is_explained():
    page = (Path(__file__).parents[2] / "docs" / "protocol-file.md").read_text("utf-8")
    kinds = (model.Role, model.IntakeRule, model.AlsoRule, model.Step, model.HardRule, model.When)
    kinds += (model.Action, model.Communication, model.Registration, model.Gate, model.Deadline)
    kinds += (model.Condition, model.StaffRule)
    said = {entry.name for kind in kinds for entry in dataclasses.fields(kind)}
    tables = {"actions", "communications", "registrations", "gates", "deadlines", "conditions"}
    assert [name for name in sorted(said - tables) if f"`{name}`" not in page] == []
    assert [name for name in sorted(tables) if f"[[steps.{name}]]" not in page] == []
    assert [word for word in AUDIENCES if f"`{word}`" not in page] == []


def test_a_quote_is_found_over_line_ends_and_gaps():
    source = "een\r\n twee\f\n\nDrie  vier\nvijf een\n"
    assert quote_line("een twee", source) == 1
    assert quote_line("Drie vier vijf", source) == 4
    assert quote_line("twee … vijf", source) == 2
    assert quote_line("vijf … twee", source) is None
    assert quote_line("een", source, near=5) == 5
    assert quote_line("zes", source) is None
    assert quote_line("…", source) is None


def test_role_words_compare_by_key():
    assert role_key("Leerlingcoördinator") == "leerlingcoordinator"
    assert role_key(" Bevoegd gezag ") == "bevoegd-gezag"
    assert role_key("校长") == ""
