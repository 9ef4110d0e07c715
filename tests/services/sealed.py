"""A draft with files that tell of their sender, and what keys there are, for tests of sealing."""

import functools
import hashlib

from sqlalchemy import select

from evidence_store import Identity
from evidence_store.inspect import describe
from evidence_store.inspect.sandbox import BytesSource
from portal.demo import samples
from portal.models import Compartment, Wrap
from portal.services import (
    audit,
    cases,
    drafts,
    keys,
    protecting,
    sealing,
    transaction,
    uploads,
)
from portal.services.errors import NotFoundError
from tests.services import world as told
from tests.services.world import NOW

CHAT = (
    "12-11-2026 21:06 - Fenna de Boer: waar ben je\n"
    "12-11-2026 21:07 - Sem: gaat je niks aan, Fenna\n"
)
FILES = [
    ("IMG_2041 Fenna.jpg", samples.jpeg()),
    ("WhatsApp-chat met Sem.txt", CHAT.encode()),
    ("brief mentor.pdf", samples.pdf()),
]


@functools.cache
def looked_at(digest, name):
    data = next(data for _, data in FILES if hashlib.sha256(data).hexdigest() == digest)
    return describe(BytesSource(data), name=name)


def look_once(monkeypatch):
    """Look at each of the files in a child once for all tests."""
    monkeypatch.setattr(
        uploads, "describe", lambda _source, *, name, sha256, **_more: looked_at(sha256, name)
    )


def begin_draft(world, session):
    live = told.begin(world, session, told.answers(world))
    told.upload(world, session, live, *FILES)
    return live


def keep(world, session, live, number, *, conceal=(), why=sealing.BY_REPORTER):
    item = files(session, live)[FILES[number][0]]
    protecting.keep_sealed(
        session,
        live=live,
        store=world.store,
        file_id=item,
        conceal=conceal,
        now=NOW,
        why=why,
    )
    transaction.commit(session)
    return item


def files(session, live):
    return {one.name: one.id for one in drafts.load(session, live=live).files}


def mentor(world, session):
    return world.actor(session, world.mentor_of("1A"))


def opened_case(world, session):
    case_id = session.scalars(select(Compartment.case_id).where(Compartment.kind == "case")).one()
    actor = mentor(world, session)
    return actor, case_id, cases.show(session, actor=actor, case_id=case_id, now=NOW)


def every_key(world, session, live, code_data):
    """All identities of staff, the cookie, the code, and what each of them leads to."""
    found = dict(code_data)
    identities = [*world.identities.values()]
    wraps = session.execute(
        select(Wrap, Compartment).join(Compartment, Compartment.id == Wrap.compartment_id)
    ).all()
    grown = True
    while grown:
        grown = False
        for wrap, row in wraps:
            if row.id in found or wrap.holder_kind == keys.PAIR:
                continue
            for identity in [*identities, *map(Identity.parse, found.values())]:
                try:
                    opened = keys.open_wrap(wrap, row, identity)
                except NotFoundError:
                    continue
                found[row.id], grown = str(opened.identity), True
                break
    return [*identities, *map(Identity.parse, found.values())]


def findings(world, session):
    """What fsck says, but for the staff of this world, whose keys nobody confirmed."""
    found = audit.check_all(session, instance=world.keys, store=world.store, read_all=True)
    return {one.code for one in found} - {"recipient"}
