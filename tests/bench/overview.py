"""The desk of somebody who reads ten thousand cases, with the number of its queries."""

import base64
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import Engine, event, insert, select

from portal.app import create_app
from portal.config import load_settings
from portal.demo.build import DemoPerson
from portal.domain.deadlines import local_date
from portal.models import Case, CaseReader, new_id
from portal.services import protocols, sessions, transaction
from portal.services.schools import find
from portal.web.context import EXTENSION
from tests.bench.figures import Figure, load, percentile
from tests.bench.site import SCHOOLS, fill

CASES, OPEN, FEW = 10_000, 200, 10
P95 = 0.100
WORK = 0.050  # does not depend on what else the machine does
ROUNDS = 40
LIST = "zaken?lijst=klaar"
OVERVIEWS = {
    "mine": "zaken?lijst=mijn",
    "waiting for others": "zaken?lijst=wacht",
    "closed": LIST,
    "closed, page 100": LIST + "&p=100",
}


@dataclass(frozen=True)
class Visit:
    """How long a page took each time, how much of the processor, and how many queries."""

    waited: list[float]
    worked: list[float]
    queries: int


def figures(folder: Path, *, quick: bool = False) -> list[Figure]:
    """ "Vandaag" whole, as a page, with few cases and with many; the rest are closed."""
    person = next(iter(fill(folder).values()))
    app = create_app(load_settings(folder))
    client = logged_in(app, person)
    rounds, count = (5, 500) if quick else (ROUNDS, CASES)
    add_cases(app, person, FEW, FEW)
    few, few_of_list = visit(client, rounds), visit(client, rounds, LIST)
    add_cases(app, person, count - FEW, OPEN - FEW)
    lists = {f"overview {name}": visit(client, rounds, path) for name, path in OVERVIEWS.items()}
    found = [
        figure
        for name, many in lists.items()
        for figure in compared(f"{name}, {count} cases", many, few_of_list)
    ]
    today = f"staff overview, {count} cases, {OPEN} of them open"
    return [*found, *compared(today, visit(client, rounds), few)]


def compared(what: str, many: Visit, few: Visit) -> list[Figure]:
    """One page with many cases beside the same page with few."""
    beside = f"with {FEW} cases"
    return [
        Figure(
            f"{what}: p95",
            percentile(many.waited, 0.95),
            "s",
            at_most=P95,
            baseline=percentile(few.waited, 0.95),
            baseline_name=beside,
            note=load(),
        ),
        Figure(
            "its work for the processor, p95",
            percentile(many.worked, 0.95),
            "s",
            at_most=WORK,
            baseline=percentile(few.worked, 0.95),
            baseline_name=beside,
        ),
        Figure(
            "its queries",
            many.queries,
            "queries",
            at_most=few.queries,
            baseline=few.queries,
            baseline_name=beside,
        ),
    ]


def logged_in(app: object, person: DemoPerson) -> FlaskClient:
    """A browser with a live session of this person."""
    parts = app.extensions[EXTENSION]
    data = {"staff": person.actor.id, "identity": str(person.actor.identity)}
    with parts.session_factory() as session:
        live = sessions.begin(
            session,
            kind=sessions.STAFF,
            school_id=person.actor.school_id,
            data=data,
            now=parts.now(),
            staff_id=person.actor.id,
        )
        transaction.commit(session)
    client = app.test_client()
    client.set_cookie("v", base64.urlsafe_b64encode(live.cookie).decode().rstrip("="))
    return client


def add_cases(app: object, person: DemoPerson, count: int, still_open: int) -> None:
    """Rows only: the desk opens no key."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with app.extensions[EXTENSION].session_factory() as session:
        school = find(session, slug=SCHOOLS[0].slug)
        version = protocols.keep(session, school.protocol_key)
        protocol, _ = protocols.current(school.protocol_key)
        step = protocol.steps[0]
        rows = [
            {
                "id": new_id(),
                "school_id": school.id,
                "label": new_id()[:10],
                "protocol_key": school.protocol_key,
                "protocol_version": version,
                "role_key": person.roles[0],
                "step_key": step.key,
                "next_action": step.actions[0].key if step.actions else "",
                "status": "received" if number < still_open else "closed",
                "due_on": local_date(now) + timedelta(days=number % 30 - 5),
                "handler_id": person.actor.id,
                "classes": "3A",
                "opened_at": now - timedelta(days=number % 300),
                "changed_at": now,
                "revision": 1,
            }
            for number in range(count)
        ]
        session.execute(insert(Case), rows)
        reading = [
            {"id": new_id(), "school_id": school.id, "case_id": row["id"], "since": now}
            | {"staff_id": person.actor.id, "part": "handler"}
            for row in rows
        ]
        session.execute(insert(CaseReader), reading)
        transaction.commit(session)
        if len(session.scalars(select(Case.id)).all()) < count:
            raise RuntimeError("the cases are not there")


def visit(client: FlaskClient, rounds: int, page: str = "") -> Visit:
    """Open a page a number of times; the queries are those of the last."""
    path = f"/{SCHOOLS[0].slug}/bureau/{page}"
    client.get(path)
    waited, worked = [], []
    for _ in range(rounds):
        gc.collect()
        with counted() as statements:
            started, idle = time.perf_counter(), time.process_time()
            answer = client.get(path)
            waited.append(time.perf_counter() - started)
            worked.append(time.process_time() - idle)
        if answer.status_code != 200:
            raise RuntimeError(f"the desk answered {answer.status_code}")
    return Visit(waited, worked, len(statements))


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
