"""What happens without anybody asking: mail, sweeping, checkpoints. It holds no case key.

A lease row lets several hosts start a worker while one works.
"""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore
from portal.config import Settings
from portal.db import begin_write
from portal.models import EvidenceItem, LiveSession, OutboxMail, WorkerLease
from portal.services import checkpoints, drafts, notify, transaction
from portal.services.runtime import Portal

LEASE = "worker"
LEASE_FOR = timedelta(minutes=2)
ORPHAN_AGE = timedelta(hours=24)
log = logging.getLogger(__name__)


def run_once(parts: Portal, *, holder: str, now: datetime) -> bool:
    """Do one round of background work; False when another worker has the lease."""
    with parts.session_factory() as session:
        if not take_lease(session, holder=holder, now=now):
            return False
        transaction.commit(session)
        session.execute(delete(LiveSession).where(LiveSession.ends_at <= now))
        transaction.commit(session)
        drafts.sweep_abandoned(session, store=parts.store, now=now)
        transaction.commit(session)
        checkpoints.make_all(session, keys=parts.keys, now=now)
        transaction.commit(session)
        send_mail(session, settings=parts.settings, now=now)
        return True


def take_lease(session: Session, *, holder: str, now: datetime) -> bool:
    """Take or renew the lease."""
    begin_write(session)
    lease = session.get(WorkerLease, LEASE, with_for_update=True)
    if lease is not None and lease.holder != holder and lease.until > now:
        session.rollback()
        return False
    if lease is None:
        lease = WorkerLease(name=LEASE)
        session.add(lease)
    lease.holder, lease.until = holder, now + LEASE_FOR
    return True


def send_mail(session: Session, *, settings: Settings, now: datetime) -> None:
    """Send what waits in the outbox, when a mail server is set and there is something."""
    due = select(OutboxMail.id).where(OutboxMail.sent_at.is_(None), OutboxMail.next_try_at <= now)
    if not settings.smtp_host or session.scalar(due.limit(1)) is None:
        return
    try:
        mailer = notify.connect(settings)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail server cannot be reached: %s", type(error).__name__)
        return
    with mailer:
        notify.deliver(session, settings=settings, mailer=mailer, now=now)
        transaction.commit(session)


def sweep_orphans(session: Session, *, store: EvidenceStore, names: list[str]) -> int:
    """Destroy objects that no row names and that are old enough not to be on their way in."""
    known = set(session.scalars(select(EvidenceItem.object_id)))
    orphans = [name for name in names if name not in known]
    for name in orphans:
        store.destroy(name)
    return len(orphans)
