"""One fictional dossier, as full as the first page of the visual language."""

from datetime import datetime, timedelta, timezone

from portal.dossier import (
    Account,
    Article,
    Check,
    CustodyRow,
    Dossier,
    Entry,
    Exhibit,
    Fact,
    ListItem,
    QuestionAnswer,
    Row,
    Statement,
)

ZONE = timezone(timedelta(hours=1))
SHA = "9c41e07a55b21f80d3a6c2e97b5f4410aa38d7e2650b1cf98e7734d21c06b5ef"
OPENSSL = (
    "openssl cms -verify -binary -inform DER -in manifest-sha256.txt.p7s -content"
    " manifest-sha256.txt -CAfile certificate.pem -purpose any -out /dev/null"
)
FINGERPRINT = ":".join(SHA[n : n + 2].upper() for n in range(0, 64, 2))


def exhibit(number: int, name: str, kind: str, size: int, **more: object) -> Exhibit:
    return Exhibit(
        number=f"B{number}",
        name=name,
        kind=kind,
        size=size,
        received=datetime(2026, 11, 3, 20, 41, 7 + number % 50, tzinfo=ZONE),
        sha256=SHA[number:] + SHA[:number],
        path=f"data/originals/B{number} {name}",
        **more,  # type: ignore[arg-type]  # any field
    )


def sample(**changes: object) -> Dossier:
    values: dict[str, object] = {
        "title": "Foto’s en berichten over een leerling, online en op school",
        "lead": (
            "Sinds 3 september 2026 plaatsen een of meer leerlingen foto’s van een meisje van 14"
            " op Instagram en in een WhatsApp-groep. Er staan kwetsende teksten bij. Op 12 oktober"
            " is op het schoolplein tegen haar gezegd: ‘we wachten je op’. Dit dossier bevat vijf"
            " feiten, vijf originele bestanden en het logboek van de school."
        ),
        "case_label": "26-019",
        "school": "Lyceum Waterkant, Zutphen",
        "author": "M. Smit, leerlingcoördinator",
        "created": datetime(2026, 11, 17, 14, 22, tzinfo=ZONE),
        "version": 1,
        "packet_fingerprint": "9C41 E07A 55B2 1F80",
        "parties": (
            Row("Aangever", "J. de Haan, vader en wettelijk vertegenwoordiger"),
            Row("Voor", "N. de Haan, 14 jaar, leerling van klas 3A. Gehoord op 9 november 2026."),
            Row("Toestemming", missing="handtekening van de tweede ouder, wordt nagebracht"),
            Row("Wens", "Vervolging (klacht) · slachtofferhulp · schade € 140"),
        ),
        "facts": (
            Fact(
                "do 3 sep 2026\n20.41 uur",
                "Foto uit de gymles geplaatst met de tekst ‘walvis’.",
                "instagram.com/3a_zonder_n",
                address=True,
                exhibits="B1, B2",
            ),
            Fact(
                "ma 14 sep\n21.07 uur",
                "Oproep om de foto verder te delen, in een groep met 23 deelnemers.",
                "WhatsApp ‘3A zonder N’\nafzender ‘~ kevin’",
                exhibits="B3, r. 412–431",
            ),
            Fact(
                "tussen vr 2 en\nma 5 okt",
                "Fiets vernield in de stalling.",
                "Stalling noord",
                hearsay="Niet gezien door een getuige.",
                exhibits="B4",
            ),
            Fact(
                "ma 12 okt\n10.20 uur",
                "Tegen N. gezegd: ‘we wachten je op’.",
                "Schoolplein",
                hearsay="Gehoord door één klasgenoot.",
            ),
            Fact(
                "vr 13 nov\n21.07 uur",
                "Video van 38 seconden geplaatst, na 40 minuten weg.",
                "https://www.instagram.com/p/Dk2vR8qLm/?utm_source=ig_web_copy_link&x=1",
                address=True,
                exhibits="B5",
            ),
        ),
        "police_list": {
            ListItem.ADDRESSES: (
                Entry("https://www.instagram.com/3a_zonder_n/", "B1", mono=True),
                Entry(
                    "https://www.instagram.com/p/Dk2vR8qLm/?utm_source=ig_web_copy_link&x=1",
                    "B5",
                    mono=True,
                ),
            ),
            ListItem.NAMES: (
                Entry("@3a_zonder_n (Instagram)", "B1"),
                Entry("‘~ kevin’, naam in de telefoon van N.", "B3"),
            ),
            ListItem.CHATS: (Entry("WhatsApp-groep ‘3A zonder N’, 40 berichten", "B3"),),
            ListItem.SCREENSHOTS: (Entry("Profiel en bericht van 3 september", "B1, B2"),),
        },
        "accounts": (
            Account("@3a_zonder_n", "Instagram, nog zichtbaar op 17 nov"),
            Account("kev.3c", "Snapchat", missing="adres ontbreekt"),
            Account("‘~ kevin’", "naam in de telefoon van N."),
        ),
        "articles": (
            Article("285b Sr", "belaging, klacht nodig"),
            Article("266 Sr", "belediging, klacht nodig"),
            Article("285 Sr", "bedreiging"),
        ),
        "articles_note": "Klacht kan tot en met 3 december 2026. Nagekeken op 1 november 2026.",
        "statements": (
            Statement(
                "Melding van 3 november 2026",
                "Via de website van de school, door wie het overkomt. Versie 1 van de vragen.",
                (
                    QuestionAnswer(
                        "Wat is er gebeurd?",
                        "Ze hebben een foto van mij in de kleedkamer gemaakt en die op insta gezet."
                        "\n\nDaarna ging het de hele tijd door. \U0001f61e In de pauze zeiden ze"
                        " dat ze me zouden opwachten. Ik durf niet meer langs het fietsenhok.",
                    ),
                    QuestionAnswer(
                        "Wie waren erbij?", "kevin en nog 2, \u0644\u064a\u0644\u0649 zag het"
                    ),
                    QuestionAnswer(
                        "Wat heb je van anderen gehoord?",
                        "Sanne zegt dat er nog een groep is.",
                        hearsay=True,
                    ),
                    QuestionAnswer("Weten je ouders het?", ""),
                ),
            ),
        ),
        "exhibits": (
            exhibit(1, "Schermafbeelding 2026-09-03.png", "Afbeelding (PNG)", 1_412_009,
                    description="schermafdruk van een groepsgesprek"),
            exhibit(2, "IMG_2041.jpg", "Foto (JPEG)", 188_986,
                    remarks=("Opname 02-10-2026 08:14:31 +02:00 volgens het bestand",
                             "Bevat een plaatsbepaling"),
                    description="fietsenstalling"),
            exhibit(3, "WhatsApp-chat met 3A zonder N.txt", "Chatexport (tekst)", 1_993),
            exhibit(4, "brief mentor.pdf", "Document (PDF)", 610),
            exhibit(5, "IMG_2050.MOV", "Video (QuickTime)", 301_223_884),
        ),
        "custody": (
            CustodyRow(1041, datetime(2026, 11, 3, 20, 41, 8, tzinfo=ZONE), "Bestand ontvangen",
                       "Melder", "B1"),
            CustodyRow(1042, datetime(2026, 11, 3, 20, 41, 9, tzinfo=ZONE), "Bestand ontvangen",
                       "Melder", "B2"),
            CustodyRow(1077, datetime(2026, 11, 4, 8, 32, 40, tzinfo=ZONE), "Bestand geopend",
                       "M. Smit, leerlingcoördinator", "B1"),
            CustodyRow(1203, datetime(2026, 11, 17, 14, 22, 0, tzinfo=ZONE), "Pakket gemaakt",
                       "M. Smit, leerlingcoördinator"),
        ),
        "check": Check(
            folder="aangiftepakket-26-019-v1",
            commands=(
                "sha256sum -c manifest-sha256.txt",
                OPENSSL,
            ),
            certificate=FINGERPRINT,
            certificate_note=(
                "Het certificaat is door de school zelf gemaakt: het toont dat er niets is"
                " veranderd, niet wie de school is."
            ),
        ),
    }  # fmt: skip
    return Dossier(**(values | changes))  # type: ignore[arg-type]  # any field
