"""What happens without anybody asking: mail, sweeping, checkpoints. It holds no case key.

A lease row lets several hosts start a worker while one works.
"""

from __future__ import annotations

import contextlib
import logging
import smtplib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore, EvidenceStoreError
from portal.config import Settings
from portal.db import begin_write
from portal.models import EvidenceItem, LiveSession, OutboxMail, Upload, WorkerLease
from portal.services import (
    acute,
    checkpoints,
    checks,
    diary,
    drafts,
    escalation,
    notify,
    transaction,
    upload_ends,
    withdrawal,
)
from portal.services.runtime import Portal

LEASE = "worker"
LEASE_FOR = timedelta(minutes=2)
ORPHAN_AGE = timedelta(hours=24)
LOOK_EVERY = timedelta(hours=1)
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Orphans:
    """Objects and parts that no row names, as a crash leaves them, and since when we see them.

    What is on its way in has no row yet either, and files tell only the day they were made: so
    such a thing goes when it was seen without a row a whole day ago, and still has none. A part
    whose writer is still there stays.
    """

    seen: dict[str, datetime] = field(default_factory=dict)
    looked_at: datetime | None = None

    def sweep(self, session: Session, *, store: EvidenceStore, now: datetime) -> int:
        """Destroy those that are old enough; returns how many. Looks at most once an hour."""
        if self.looked_at is not None and now - self.looked_at < LOOK_EVERY:
            return 0
        self.looked_at = now
        report = store.fsck()
        known = {*session.scalars(select(EvidenceItem.object_id))}
        known |= {*session.scalars(select(Upload.object_id))}
        bare = {*report.objects, *report.orphans, *report.parts} - known
        self.seen = {name: self.seen.get(name, now) for name in bare}
        old = [name for name, since in self.seen.items() if now - since >= ORPHAN_AGE]
        for name in old:
            with contextlib.suppress(EvidenceStoreError, OSError):
                remove = store.discard_part if name in report.parts else store.destroy
                remove(name)
        return len(old)


def run_once(parts: Portal, *, holder: str, now: datetime, orphans: Orphans | None = None) -> bool:
    """Do one round of background work; False when another worker has the lease."""
    with parts.session_factory() as session:
        if not take_lease(session, holder=holder, now=now):
            return False
        transaction.commit(session)
        acute.work(session, settings=parts.settings, now=now)
        session.execute(delete(LiveSession).where(LiveSession.ends_at <= now))
        transaction.commit(session)
        upload_ends.sweep(session, store=parts.store, now=now)
        drafts.sweep_abandoned(session, store=parts.store, now=now)
        transaction.commit(session)
        diary.sweep(session, store=parts.store, now=now)
        transaction.commit(session)
        withdrawal.sweep(session, store=parts.store, now=now)
        transaction.commit(session)
        if orphans is not None:
            orphans.sweep(session, store=parts.store, now=now)
        checks.open_due(session, now=now)
        checks.count_silences(session, now=now)
        escalation.tell_of_unread(session, hour=parts.settings.unread_hour, now=now)
        notify.forget_old_addresses(session, now=now)
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
