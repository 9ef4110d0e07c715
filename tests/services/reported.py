"""A report with files, sent to a founded school, for tests of recovery."""

from dataclasses import dataclass

from sqlalchemy import select

from evidence_store import EvidenceStore
from portal.config import Settings
from portal.models import Case, School
from portal.services import (
    drafts,
    protecting,
    reports,
    schools,
    sessions,
    transaction,
    uploads,
)
from tests.services import founded as setting

FILES = {
    "Schermafbeelding 2026-11-13.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300,
    "../chat é.txt": b"13-11-2026 21:07 - Luna: je moet niet komen\n" * 5,
}
STORY = "In de groepsapp staan steeds berichten over mij en mijn fiets is twee keer kapot gemaakt."
NAME = "Fenna de Boer"


@dataclass
class Reported:
    code: str
    case: Case
    live: sessions.SealedSession
    school: schools.SchoolView


def send(
    founded: setting.Founded,
    store: EvidenceStore,
    *,
    exclude: tuple[str, ...] = (),
    name: bool = False,
    files: bool = False,
    keep: str = "",
) -> Reported:
    """Send a report with two files to a school, past the check that it is open.

    Args:
        keep: name of the file that its reporter keeps sealed.
    """
    session = founded.session
    row = session.get_one(School, founded.school.id)
    row.opened_at = setting.NOW
    school = schools.view_of(row)
    report_id, data = drafts.begin(
        session, school=school, perspective="subject", language="nl", now=setting.NOW
    )
    live = sessions.begin(
        session,
        kind=sessions.DRAFT,
        school_id=school.id,
        data=data,
        now=setting.NOW,
        report_id=report_id,
    )
    transaction.commit(session)
    answers = {"story": STORY, "classes": {"subject": [class_id(founded, "1A")]}}
    answers["classes"]["accused"] = [class_id(founded, "1A")]
    if exclude:
        answers["readers"] = {"exclude": [founded.member(code).id for code in exclude]}
    if name:
        answers["name"] = {"who": "handlers", "name": NAME, "contact": "pauze bij de kluisjes"}
    for key, value in answers.items():
        drafts.save_answer(
            session,
            live=live,
            key=key,
            value=value,
            question="Vraag",
            version="2026-11",
            now=setting.NOW,
        )
        transaction.commit(session)
    if files:
        add_files(founded, store, live, school)
    if keep:
        listed = drafts.load(session, live=live).files
        protecting.keep_sealed(
            session,
            live=live,
            store=store,
            file_id=next(one.id for one in listed if one.name == keep),
            conceal=[],
            now=setting.NOW,
        )
        transaction.commit(session)
    receipt = reports.submit(
        session,
        live=live,
        school=school,
        instance=setting.KEYS,
        token=data["token"],
        seen=drafts.route(
            session, draft=drafts.load(session, live=live), school=school, now=setting.NOW
        ).digest,
        now=setting.NOW,
    )
    transaction.commit(session)
    case = session.scalars(select(Case).where(Case.label == receipt.label)).one()
    return Reported(receipt.code, case, live, school)


def add_files(founded, store, live, school) -> None:
    sinks = []
    for file_name, content in FILES.items():
        sink = uploads.begin(
            founded.session,
            live=live,
            school=school,
            store=store,
            name=file_name,
            declared_type="",
            settings=Settings(),
        )
        sink.write(content[:1000])
        sink.write(content[1000:])
        sink.finish()
        sinks.append(sink)
    uploads.record(founded.session, live=live, school=school, finished=sinks, now=setting.NOW)
    transaction.commit(founded.session)


def class_id(founded: setting.Founded, name: str) -> str:
    rows = schools.classes_of(founded.session, founded.school.id)
    return next(row.id for row in rows if row.name == name)
