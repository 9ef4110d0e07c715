"""Mail through an outbox: no content, no names, never inside a request."""

from __future__ import annotations

import logging
import smtplib
import ssl
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from portal import data
from portal.config import Settings
from portal.db import forget_deleted
from portal.models import OutboxMail, School, StaffMember, new_id
from portal.services import catalogues, transaction
from portal.services.records import whole_hour

TEMPLATES = {
    "new": "Er staat iets nieuws voor je klaar.",
    "reply": "Er is een antwoord voor je.",
    "changed": "Er is iets veranderd waar jij over gaat.",
    "handed_over": "Er is iets aan je overgedragen.",
    "standing_in": "Je neemt waar voor een collega.",
    "unread": "Er ligt iets dat nog niemand las. Jij kunt het ook lezen.",
    "due": "Er staat vandaag iets op je lijst.",
}
"""What a notice says. It never tells what, about whom or from whom."""

REPORTER = "reporter"
"""The template of a notice to a reporter, with a language behind it: `reporter:uk`."""
ADDRESS_KEPT = timedelta(days=3)
SUBJECT = "Bericht van {school}"
BODY = """{line}

Log in op je bureau om het te lezen. In deze mail staat met opzet niets meer.
"""
ADDRESS = "\nJe bureau: {address}/{slug}/bureau/\n"
"""Only the front door of the desk, the same for everybody at a school; never a case."""
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
TIMEOUT_SECONDS = 20
AT_ONCE = 50
log = logging.getLogger(__name__)


class Mailer(Protocol):
    """Something that sends one message, or raises OSError or SMTPException."""

    def send_message(self, message: EmailMessage) -> object:
        """Send one message."""


def queue(
    session: Session,
    *,
    school_id: str,
    staff_id: str,
    template: str,
    dedupe_key: str,
    now: datetime,
) -> None:
    """Put a notice in the outbox; the same key a second time changes nothing."""
    if template not in TEMPLATES:
        raise ValueError(template)
    _put(session, _mail(school_id, template, dedupe_key, now, staff_id=staff_id))


def queue_for_reporter(
    session: Session,
    *,
    school_id: str,
    report_id: str,
    address: str,
    language: str,
    now: datetime,
) -> None:
    """Put a notice to a reporter in the outbox, in the language chosen; at most one an hour."""
    hour = whole_hour(now).isoformat(timespec="minutes")
    key = f"{REPORTER}:{report_id}:{hour}"
    template = f"{REPORTER}:{language}"
    _put(session, _mail(school_id, template, key, now, address=address))


def _mail(
    school_id: str,
    template: str,
    dedupe_key: str,
    now: datetime,
    *,
    staff_id: str | None = None,
    address: str | None = None,
) -> OutboxMail:
    return OutboxMail(
        id=new_id(),
        school_id=school_id,
        staff_id=staff_id,
        address=address,
        template=template,
        dedupe_key=dedupe_key,
        queued_at=whole_hour(now),
        next_try_at=now,
    )


def _put(session: Session, mail: OutboxMail) -> None:
    known = select(OutboxMail.id).where(
        OutboxMail.school_id == mail.school_id, OutboxMail.dedupe_key == mail.dedupe_key
    )
    waiting = [item for item in session.new if isinstance(item, OutboxMail)]
    key = (mail.school_id, mail.dedupe_key)
    queued = any((item.school_id, item.dedupe_key) == key for item in waiting)
    if not queued and session.scalar(known) is None:
        session.add(mail)


def forget_waiting(session: Session, *, report_id: str) -> None:
    """Throw away what waits for a reporter who wants no mail any more."""
    waiting = OutboxMail.dedupe_key.startswith(f"{REPORTER}:{report_id}:")
    session.execute(delete(OutboxMail).where(waiting, OutboxMail.sent_at.is_(None)))


def forget_old_addresses(session: Session, *, now: datetime) -> int:
    """Throw away mails to reporters that could not go for days. Returns how many."""
    old = delete(OutboxMail).where(
        OutboxMail.address.is_not(None), OutboxMail.queued_at <= now - ADDRESS_KEPT
    )
    return int(session.execute(old).rowcount)  # type: ignore[attr-defined]  # a CursorResult


def deliver(session: Session, *, settings: Settings, mailer: Mailer, now: datetime) -> int:
    """Send what is due, each notice in a commit of its own. Returns how many went.

    A notice is put off before it is sent, so that no other worker sends it meanwhile and one
    that cannot be sent is tried again later.
    """
    query = (
        select(OutboxMail, StaffMember, School)
        .outerjoin(StaffMember, StaffMember.id == OutboxMail.staff_id)
        .join(School, School.id == OutboxMail.school_id)
        .where(OutboxMail.sent_at.is_(None), OutboxMail.next_try_at <= now)
        .order_by(OutboxMail.next_try_at)
        .limit(AT_ONCE)
    )
    sent = 0
    for mail, member, school in session.execute(query).all():
        if not _put_off(session, mail, now):
            continue
        if member is None or member.disabled_at is None:
            try:
                mailer.send_message(compose(mail, member, school, settings, now))
            except (OSError, ValueError, smtplib.SMTPException) as error:
                log.warning("a notice could not be sent: %s", type(error).__name__)
                continue
            sent += 1
        mail.sent_at = mail.next_try_at = whole_hour(now)
        had_address, mail.address = mail.address is not None, None
        transaction.commit(session)
        if had_address:
            forget_deleted(session)
    return sent


def _put_off(session: Session, mail: OutboxMail, now: datetime) -> bool:
    """Say when a notice is tried next; False when another worker was first."""
    pause = RETRY_AFTER[min(mail.attempts, len(RETRY_AFTER) - 1)]
    done = session.execute(
        update(OutboxMail)
        .where(
            OutboxMail.id == mail.id,
            OutboxMail.sent_at.is_(None),
            OutboxMail.attempts == mail.attempts,
        )
        .values(next_try_at=now + pause, attempts=mail.attempts + 1)
    )
    transaction.commit(session)
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def compose(
    mail: OutboxMail,
    member: StaffMember | None,
    school: School,
    settings: Settings,
    now: datetime,
) -> EmailMessage:
    """Write a notice: to staff it names the school and nobody else, to a reporter not even that."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = member.email if member is not None else mail.address or ""
    message["Subject"], body = _words(mail, member, school, settings)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=settings.mail_from.rpartition("@")[2] or "localhost")
    message.set_content(body)
    return message


def _words(
    mail: OutboxMail, member: StaffMember | None, school: School, settings: Settings
) -> tuple[str, str]:
    if member is None:
        texts = catalogues.of_language(mail.template.partition(":")[2])
        subject, first, *more = map(texts.gettext, data.reporter_mail())
        return subject, "\n".join([first, "", *more, ""])
    body = BODY.format(line=TEMPLATES[mail.template])
    if settings.public_url:
        body += ADDRESS.format(address=settings.public_url.rstrip("/"), slug=school.slug)
    return SUBJECT.format(school=" ".join(school.name.split())), body


def connect(settings: Settings) -> smtplib.SMTP:
    """Connect to the school's own mail server."""
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS)
    if settings.smtp_starttls:
        server.starttls(context=ssl.create_default_context())
    if settings.smtp_user:
        password = Path(settings.smtp_password_file).read_text("utf-8").strip()
        server.login(settings.smtp_user, password)
    return server
