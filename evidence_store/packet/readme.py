"""``LEESMIJ.txt``: how anyone checks a packet with tools that every system has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidence_store.packet import contents as names

if TYPE_CHECKING:
    from evidence_store.packet.contents import PacketContents

SUMS_LINE = f"sha256sum -c {names.MANIFEST} {names.TAG_MANIFEST}"
"""Shell line that checks every file against the two lists."""

SIGNATURE_LINE = (
    f"openssl cms -verify -binary -inform DER -in {names.SIGNATURE} -content {names.TAG_MANIFEST} "
    f"-CAfile {names.CERTIFICATE} -purpose any -out /dev/null"
)
"""Shell line that checks the signature over the list of lists."""

FINGERPRINT_LINE = f"openssl x509 -in {names.CERTIFICATE} -noout -fingerprint -sha256"
"""Shell line that prints the fingerprint of the certificate."""

_SELF_MADE = """\
   LET OP: dit certificaat heeft de school zelf gemaakt. Dan bewijst deze controle
   dat er sinds het ondertekenen niets is veranderd, maar niet wie er tekende:
   iedereen kan zelf een certificaat met dezelfde naam maken. Vergelijk daarom de
   vingerafdruk (stap 3) met die in het dossier en op het ontvangstbewijs, of vraag
   hem na bij de school, via een telefoonnummer dat u al kende."""

_ISSUED = """\
   Dit certificaat is door een ander uitgegeven. Controleer zelf of u de laatste
   uitgever in certificaat.pem vertrouwt; deze regel gaat daar van uit. Vergelijk de
   vingerafdruk (stap 3) met die in het dossier en op het ontvangstbewijs."""

_TEXT = """\
LEESMIJ - hoe u dit pakket controleert
======================================

Pakket:      {folder}
Gemaakt op:  {created}
Gemaakt door: {organization}
Kenmerk:     {identifier}

Wat zit erin
------------
dossier.pdf           het dossier om te lezen
data/originals/       de bestanden precies zoals ze zijn ontvangen, byte voor byte
data/bewijslijst.json per bewijsstuk de oorspronkelijke bestandsnaam en de SHA-256
custody.jsonl         wat er met het bewijs is gebeurd, een gebeurtenis per regel
checkpoint.txt        de ondertekende stand van het logboek van de school
manifest-sha256.txt   controlewaarden van alles onder data/
tagmanifest-sha256.txt  controlewaarden van al het andere, ook van de lijst hierboven
handtekening.p7s      de handtekening over tagmanifest-sha256.txt
certificaat.pem       het certificaat bij die handtekening
bag-info.txt, bagit.txt  gegevens over het pakket zelf (BagIt 1.0, RFC 8493)

De originelen komen van anderen. Open ze alleen op een computer die daarvoor bedoeld is.

Controleren
-----------
Pak het zipbestand uit en open een opdrachtregel in de map {folder}.
Dit werkt op Linux, en op Windows met WSL of Git Bash. Op macOS heet het programma in
stap 1 soms "shasum -a 256" in plaats van "sha256sum". Op Windows zonder extra programma's
toont "certutil -hashfile BESTAND SHA256" de controlewaarde van een enkel bestand.
De programma's in stap 1 tot en met 3 zijn niet van ons; u hoeft ons dus niet te geloven.

1. Zijn alle bestanden ongewijzigd?

{sums}

   Achter elk bestand moet OK staan. Dit bewijst dat elk bestand past bij de lijsten.
   Het bewijst nog niet dat de lijsten zelf dezelfde zijn gebleven.

2. Is de lijst van lijsten ondertekend en ongewijzigd?

{signature}

   Er moet "CMS Verification successful" staan. Samen met stap 1 bewijst dit dat er
   sinds het ondertekenen niets is veranderd.
{certificate}

3. Is het het juiste certificaat?

{fingerprint}

   De uitkomst hoort te zijn:
   {value}
   Deze regel in LEESMIJ.txt bewijst op zichzelf niets: wie het pakket namaakt, maakt
   ook dit bestand na. Vergelijk met een exemplaar dat langs een andere weg kwam.

4. Klopt het logboek?

   Met het programma evidence-store (vrije software) controleert in dezelfde map
       evidence-store verify .
   alles hierboven, en ook of elke gebeurtenis in custody.jsonl echt in het ondertekende
   logboek staat; met de naam van het zipbestand in plaats van de punt ook dat bestand.
   Het formaat is beschreven in docs/formats.md bij die software en volgt RFC 6962, zodat
   ook een ander programma dit kan nagaan.

Wat deze controles niet bewijzen
--------------------------------
- Niet wat er gebeurde voordat de school een bestand ontving. Een schermafbeelding kan
  al eerder zijn bewerkt. Bewaar dus ook de telefoon, de app en het account.
- Niet wie een bericht schreef of wie de telefoon vasthield.
- Niet dat het pakket alles bevat: het bevat wat de school ervoor heeft gekozen.
- De tijden komen van de klok van de school.
"""


def readme_text(contents: PacketContents) -> bytes:
    """Write the instructions for one packet.

    Args:
        contents: What the packet is made of.

    Returns:
        UTF-8 text in Dutch.
    """
    signer = contents.signer
    return _TEXT.format(
        folder=contents.folder,
        created=contents.created.isoformat(timespec="seconds"),
        organization=one_line(contents.organization),
        identifier=one_line(contents.identifier),
        sums=SUMS_LINE,
        signature=SIGNATURE_LINE,
        fingerprint=FINGERPRINT_LINE,
        value=signer.fingerprint,
        certificate=_SELF_MADE if signer.self_made else _ISSUED,
    ).encode()


def one_line(text: str) -> str:
    """Put a text on one line, so that it cannot pose as another line.

    Args:
        text: Any text.

    Returns:
        The printable characters with single spaces; ``-`` if none are left.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "-"
