"""Fill an empty instance with the fictional schools, through the same services as a real one."""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pyotp
from sqlalchemy.orm import Session

from evidence_store import Identity
from portal import protocols
from portal.config import Settings
from portal.demo import faces
from portal.demo.names import SCHOOLS, FictionalSchool, person
from portal.demo.roster import Pair, make_pair
from portal.demo.stories import make_packet, tell_stories
from portal.models import StaffMember
from portal.services import (
    accounts,
    confirmations,
    founding,
    runtime,
    schools,
    staff,
    transaction,
)
from portal.services.founding import Holder, Invited
from portal.services.roster_files import read_pair
from portal.services.runtime import Portal
from portal.services.schools import SchoolView
from portal.services.staff import StaffActor

ACCOUNTS_FILE = "accounts.json"
PACKET_FILE = "voorbeeldpakket.zip"
SETTLED = timedelta(days=60)
WORDS = (
    "anker", "bever", "citroen", "dijk", "eiland", "fluit", "geranium", "haven", "iglo", "jas",
    "kastanje", "ladder", "molen", "nevel", "oever", "pauw", "riet", "spijker", "tulp", "uil",
    "vlieger", "wolk", "zadel", "beek", "cello", "duin", "egel", "fakkel",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can log in."""

    actor: StaffActor
    login: str
    passphrase: str
    totp: str
    roles: list[str]


@dataclass(slots=True)
class DemoSchool:
    """One filled school."""

    school: SchoolView
    pair: Pair
    people: dict[str, DemoPerson]
    recovery: list[Identity]
    codes: list[str]
    handles_first: str = ""
    """Who handles the first story: the log-in name to try first."""


def fill(settings: Settings, *, now: datetime) -> None:
    """Fill the instance and write ``accounts.json`` and ``voorbeeldpakket.zip`` into it.

    Each school is filled in a process of its own, as many at once as there are processors:
    most of the time goes into making the keys of some seventy people.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        accounts_of = partial(_fill_one, settings, now)
        filled = list(pool.map(accounts_of, range(len(SCHOOLS))))
    text = json.dumps(filled, ensure_ascii=False, indent=1)
    _write(settings, ACCOUNTS_FILE, iter([text.encode()]))


def _fill_one(settings: Settings, now: datetime, number: int) -> dict[str, Any]:
    parts = runtime.build(settings)
    made = _school(parts, SCHOOLS[number], start=number * 40, now=now - SETTLED)
    wanted = tell_stories(parts, made, now=now)
    if wanted is not None and number == 0:
        _write(settings, PACKET_FILE, make_packet(parts, made, *wanted, now))
    return _account(made)


def _school(parts: Portal, fictional: FictionalSchool, *, start: int, now: datetime) -> DemoSchool:
    protocol = protocols.load(fictional.protocol)
    pair = make_pair(fictional, protocol, start=start)
    recovery = [Identity.generate() for _ in range(3)]
    with parts.session_factory() as session:
        invited = founding.found(
            session,
            slug=fictional.slug,
            name=fictional.name,
            protocol_key=fictional.protocol,
            place=fictional.place,
            files=read_pair(pair.staff_csv(), pair.classes_csv(), protocol),
            holders=[
                Holder(person(start + 35 + number), str(one.recipient))
                for number, one in enumerate(recovery)
            ],
            founder_code=_founder(pair),
            keys=parts.keys,
            now=now,
        )
        transaction.commit(session)
        view = schools.find(session, slug=fictional.slug)
        if view is None:
            raise LookupError(fictional.slug)
        people = _activate_all(session, parts, view, invited, _founder(pair), now)
        reasons = founding.open_school(
            session, slug=fictional.slug, actor=people[_founder(pair)].actor.custody, now=now
        )
        transaction.commit(session)
        _dress(session, view, fictional, people, pair, now)
        transaction.commit(session)
        opened = schools.find(session, slug=fictional.slug)
    if reasons or opened is None:
        raise LookupError("; ".join(reasons))
    return DemoSchool(opened, pair, people, recovery, [])


def _dress(
    session: Session,
    school: SchoolView,
    fictional: FictionalSchool,
    people: dict[str, DemoPerson],
    pair: Pair,
    now: datetime,
) -> None:
    founder = people[_founder(pair)].actor
    faces.dress(
        session,
        school=school,
        fictional=fictional,
        admin=founder,
        contact=founder,
        shown=[people[pair.first_line["1A"]].actor, founder],
        now=now,
    )


def _founder(pair: Pair) -> str:
    """The first coordinator or head in the file founds the school."""
    words = ("leerlingcoordinator", "teamleider", "schoolleiding")
    return next(one.code for word in words for one in pair.lines if one.roles == word)


def _activate_all(
    session: Session,
    parts: Portal,
    school: SchoolView,
    invited: list[Invited],
    founder: str,
    now: datetime,
) -> dict[str, DemoPerson]:
    ordered = sorted(invited, key=lambda one: one.login != founder)
    people: dict[str, DemoPerson] = {}
    for one in ordered:
        made = _activate(session, parts, school, one, now)
        if one.login != founder:
            confirmations.confirm(
                session,
                actor=people[founder].actor,
                staff_id=made.actor.id,
                typed_fingerprint=confirmations.fingerprint(str(made.actor.identity.recipient)),
                now=now,
            )
            transaction.commit(session)
        people[one.login] = made
    return people


def _activate(
    session: Session, parts: Portal, school: SchoolView, one: Invited, now: datetime
) -> DemoPerson:
    passphrase = "-".join(secrets.SystemRandom().sample(WORDS, 4))
    secret = pyotp.random_base32()
    done = accounts.activate(
        session,
        school=school,
        activation_code=one.code,
        passphrase=passphrase,
        totp_secret=secret,
        totp_code=pyotp.TOTP(secret).at(now),
        keys=parts.keys,
        now=now,
    )
    transaction.commit(session)
    member = session.get_one(StaffMember, done.staff_id)
    roles = staff.role_keys_of(session, member)
    actor = staff.actor_from(session, member, Identity.parse(done.data["identity"]))
    return DemoPerson(actor, one.login, passphrase, secret, sorted(roles))


def _account(made: DemoSchool) -> dict[str, Any]:
    return {
        "slug": made.school.slug,
        "name": made.school.name,
        "protocol": made.school.protocol_key,
        "staff": [
            {
                "name": one.actor.name,
                "roles": one.roles,
                "login": one.login,
                "passphrase": one.passphrase,
                "totp": one.totp,
            }
            for one in made.people.values()
        ],
        "handles_first": made.handles_first,
        "codes": made.codes,
        "recovery": [str(identity) for identity in made.recovery],
    }


def _write(settings: Settings, name: str, pieces: Iterator[bytes]) -> None:
    path = settings.instance_dir / name
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        for piece in pieces:
            file.write(piece)
