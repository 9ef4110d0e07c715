"""Every text that a reporter reads is plain Dutch: short sentences, known words, je or u.

The texts are those of the catalogue, so templates and data files alike. The measure of a whole
is Douma's reading ease for Dutch, 206.84 - 0.93 words per sentence - 77 syllables per word
(W.H. Douma, De leesbaarheid van landbouwbladen, 1960, after Flesch): 60 to 70 is standard,
70 to 80 fairly easy, 80 to 90 easy, above that very easy.
"""

import importlib.util
import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
UPDATE = ROOT / "portal" / "translations" / "update.py"

LONG, LONGEST = 12, 16
LONG_FORMAL, LONGEST_FORMAL = 13, 18
SHARE = 0.97
EASE, EASE_FORMAL = 85, 85

# What to write instead. A star ends a word that may go on.
HARD = {
    "aangaande": "over",
    "alsmede": "en",
    "dient te": "moet",
    "dienen te": "moeten",
    "desbetreffende": "deze",
    "betreffende": "over",
    "derhalve": "dus",
    "echter": "maar",
    "eventueel": "misschien",
    "eventuele": "misschien een",
    "gaarne": "graag",
    "geanonimiseerd*": "zonder naam",
    "hierbij": "",
    "hieromtrent": "hierover",
    "i.v.m.": "om, door",
    "d.m.v.": "met",
    "m.b.t.": "over",
    "t.a.v.": "over, voor",
    "o.a.": "onder andere",
    "bijv.": "bijvoorbeeld",
    "incident*": "wat er is gebeurd",
    "indien": "als",
    "informeren": "vertellen",
    "initiëren": "beginnen",
    "inzake": "over",
    "omtrent": "over",
    "mits": "als",
    "tenzij": "behalve als",
    "middels": "met",
    "nadere": "meer",
    "ondanks": "ook al",
    "onverwijld": "meteen",
    "participeren": "meedoen",
    "procedure*": "stappen",
    "registreren": "opschrijven",
    "reeds": "al",
    "relevant*": "belangrijk",
    "respectievelijk": "en",
    "specifiek*": "precies",
    "tevens": "ook",
    "ten behoeve van": "voor",
    "ten aanzien van": "over",
    "uploaden": "toevoegen",
    "upload*": "toevoegen",
    "verifiëren": "nakijken",
    "verwerken": "bewaren, lezen",
    "verstrekken": "geven",
    "vervolgens": "daarna",
    "voorts": "ook",
    "zodoende": "zo",
    "zulks": "dat",
    "applicatie*": "app",
    "encryptie": "slot",
    "versleutel*": "op slot",
    "hash*": "vingerafdruk",
    "metadata": "wat het bestand verraadt",
    "sessie*": "",
    "token*": "",
    "screenshot*": "schermfoto",
    "submit*": "versturen",
    "notificatie*": "bericht",
    "authenticatie": "inloggen",
    "inloggegevens": "naam en wachtwoord",
    "hulpverlen*": "hulp",
    "traject*": "stappen",
    "casus*": "melding",
    "dossier*": "map",
}
FORBIDDEN = {
    "slachtoffer*": "degene bij wie het gebeurt",
    "dader*": "degene die het deed",
    "pester*": "degene die het deed",
    "helaas": "zeg wat wel kan",
    "succes*": "gelukt",
    "aanklacht*": "melding",
    "verdachte*": "degene die het deed",
    "ongeldig*": "klopt niet",
    "fout opgetreden": "er ging iets mis",
    "verplicht veld": "zeg wat er nog nodig is",
    "klik hier": "zeg waar het heen gaat",
    "gelieve": "",
}
# Names of what exists, and one promise in the pupils' own word.
ALLOWED = re.compile(
    r"Slachtofferhulp( Nederland)?|is geen klikken|Klikken doe je om een ander straf te geven"
)
# The page on accessibility names the standard, and what works without what.
TECHNICAL = "templates/reporter/accessibility.html"
FORMAL = re.compile(r"\b(u|uw|uzelf)\b", re.IGNORECASE)
FAMILIAR = re.compile(r"\b(je|jij|jou|jouw|jezelf|jullie)\b", re.IGNORECASE)


def load_update():
    spec = importlib.util.spec_from_file_location("update", UPDATE)
    update = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(update)
    return update


MESSAGES = [
    message
    for message in load_update().extract().values()
    if not message.context and not all("protocols/" in place for place in message.places)
]


def plain(text):
    """The text as it is read: without markup, names for what is filled in, quotes taken off."""
    text = re.sub(r"<[^>]+>", " ", text)
    text = re.sub(r"%\((\w+)\)s", r"Naam", text).replace("%%", "%")
    return ALLOWED.sub(" ", text)


def sentences(text):
    parts = re.split(r"(?<=[.?!:…])\s+|\n|\s[|·]\s|;\s", plain(text))
    return [part for part in parts if re.search(r"[a-zA-Z]", part)]


def words(sentence):
    return re.findall(r"[\w’'@./-]*\w[\w’']*", sentence)


def syllables(word):
    return max(1, len(re.findall(r"[aeiouyáéíóúàèëïöü]+", word.lower())))


def formal(text):
    return bool(FORMAL.search(plain(text)))


def told(message):
    return f"{message.id!r} in {', '.join(message.places)}"


def pattern(listed):
    """A pattern for the words of a list; Dutch writes them together, so only their start counts."""
    parts = [
        rf"\b{re.escape(word[:-1])}\w*" if word.endswith("*") else rf"\b{re.escape(word)}(?!\w)"
        for word in listed
    ]
    return re.compile("|".join(parts), re.IGNORECASE)


@pytest.mark.parametrize(
    ("to_u", "long", "longest"), [(False, LONG, LONGEST), (True, LONG_FORMAL, LONGEST_FORMAL)]
)
def test_sentences_are_short(to_u, long, longest):
    counted = [
        (len(words(sentence)), sentence, message)
        for message in MESSAGES
        if formal(message.id) == to_u
        for sentence in sentences(message.id)
    ]
    assert len(counted) > 50
    too_long = [(sentence, message) for count, sentence, message in counted if count > longest]
    assert not too_long, "\n".join(f"{one}: {told(message)}" for one, message in too_long)
    over = [(count, sentence) for count, sentence, _ in counted if count > long]
    listed = "\n".join(f"{count}: {one}" for count, one in sorted(over, reverse=True))
    assert len(over) <= (1 - SHARE) * len(counted), listed


@pytest.mark.parametrize(("to_u", "least"), [(False, EASE), (True, EASE_FORMAL)])
def test_the_whole_reads_easily(to_u, least):
    read = [one for m in MESSAGES if formal(m.id) == to_u for one in sentences(m.id)]
    said = [word for one in read for word in words(one)]
    ease = 206.84 - 0.93 * len(said) / len(read) - 77 * sum(map(syllables, said)) / len(said)
    assert ease >= least, f"{ease:.1f}"


def test_no_hard_words():
    hard = pattern(HARD)
    found = [
        f"{word.group()!r} ({remedy(HARD, word.group())}): {told(message)}"
        for message in MESSAGES
        if message.places != [TECHNICAL]
        for word in hard.finditer(plain(message.id))
    ]
    assert not found, "\n".join(found)


def test_nobody_is_accused_blamed_or_shouted_at():
    forbidden = pattern(FORBIDDEN)
    found = [
        f"{word.group()!r} ({remedy(FORBIDDEN, word.group())}): {told(message)}"
        for message in MESSAGES
        for word in forbidden.finditer(plain(message.id))
    ]
    found += [f"an exclamation mark: {told(m)}" for m in MESSAGES if "!" in m.id]
    tells = re.compile(r"\bklik(ken|t|te)?\b", re.IGNORECASE)
    found += [f"'klikken': {told(m)}" for m in MESSAGES if tells.search(plain(m.id))]
    assert not found, "\n".join(found)


def test_a_text_says_je_or_u_and_never_both():
    both = [told(m) for m in MESSAGES if formal(m.id) and FAMILIAR.search(plain(m.id))]
    assert not both, "\n".join(both)


def remedy(listed, word):
    low = word.lower()
    return next(
        better for hard, better in listed.items() if low.startswith(hard.rstrip("*")) or low == hard
    )


# A button starts with what happens, or with the answer that it gives.
BUTTONS = {"go", "quiet", "deep", "plain"}
STARTS = re.compile(
    r"(Begin|Bel|Bewaar|Ga|Geef|Haal|Houd|Kies|Kijk|Laat|Lees|Meld|Open|Probeer|Schrijf|Sla|Stel"
    r"|Stop|Stuur|Trek|Verstuur|Vertel|Verzegel|Voeg|Vraag|Wis|Zet"
    r"|Verder|Terug|Naar|Sluiten|Wissen|Ja|Nee|Niet|Ik|Liever|Toch|Weet|Twijfelt?"
    r"|Andere|Bestand|Bestanden|Hulp|Dit|De|Een|Nog)\b"
)
LONGEST_BUTTON = 9


def buttons():
    parser = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in sorted((ROOT / "templates" / "reporter").glob("*.html")):
        for call in parser.parse(path.read_text("utf-8")).find_all(nodes.Call):
            if getattr(call.node, "name", "") in BUTTONS and call.args:
                said = [call.args[0], *call.args[0].find_all(nodes.Call)]
                for one in said:
                    if getattr(getattr(one, "node", None), "name", "") == "_":
                        yield path.name, one.args[0].value


def test_a_button_starts_with_what_happens_and_is_short():
    found = sorted(set(buttons()))
    assert len(found) > 40
    assert not [one for one in found if not STARTS.match(one[1])]
    assert not [one for one in found if len(words(plain(one[1]))) > LONGEST_BUTTON]
