"""Sending a report while the process dies or the disk fails, at every system call that writes.

Whatever happens: without a receipt nothing was promised, and the reporter can send again; with a
receipt the report is there once, whole, and every listed file is what was sent.
"""

from __future__ import annotations

import hashlib
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from evidence_store import EvidenceStore
from evidence_store.backends import LocalBackend
from evidence_store.custody import merkle_root
from portal.db import make_engine, make_session_factory
from portal.models import Case, EvidenceItem, Report
from portal.services import cases, custody, evidence, reporter, reports, sessions
from portal.services.worker import ORPHAN_AGE, Orphans
from tests.durability.conftest import CALLS, ORIGINAL, Prepared, Sender
from tests.services import world as told
from tests.services.world import KEYS, NOW, World

KILL = "signal=KILL:when={}"
FAULTS = (
    KILL,
    *(f"error={code}:when={{}}{end}" for code in ("EIO", "ENOSPC") for end in ("", "+")),
)
"""Dying at one call; one call that fails; and, with a plus, every call from there on."""
SAMPLE = {KILL: 3}
FEWER = 2
CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)


class Broken(AssertionError):
    """A promise was not kept."""


@pytest.fixture(scope="module")
def calls(prepared: Prepared, sender: Sender, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    """Count the calls of an undisturbed run, which must end well."""
    folder = prepared.copy(tmp_path_factory.mktemp("calm") / "run")
    ended = sender.run(folder)
    assert (ended.code, ended.failure) == (0, "")
    assert ended.receipt is not None
    assert check(prepared, folder, ended.receipt) == "told"
    found = Counter(CALL.findall(ended.trace))
    assert found["pwrite64"] > 20
    assert min(found["write"], found["fsync"], found["fdatasync"], found["rename"]) >= 2
    return found


def positions(call: str, total: int, fault: str) -> list[int]:
    """Choose some positions: the same in every run, others for each call and fault."""
    wanted = min(total, SAMPLE.get(fault, FEWER))
    return sorted(random.Random(f"{call} {fault}").sample(range(1, total + 1), wanted))


def runs(
    prepared: Prepared,
    sender: Sender,
    places: dict[str, list[int]],
    root: Path,
    *,
    fault: str,
    order: str = "right",
) -> Iterator[tuple[str, str]]:
    """Run with a fault at each position; gives the state found, or the promise broken."""
    for call, numbers in places.items():
        for position in numbers:
            folder = prepared.copy(root / f"{call}{position}")
            ended = sender.run(folder, inject=f"{call}:{fault.format(position)}", order=order)
            try:
                yield check(prepared, folder, ended.receipt), ""
            except Broken as error:
                yield "", f"{call}:{fault.format(position)}: {error}"
            shutil.rmtree(folder)


def every(calls: Counter) -> dict[str, list[int]]:
    return {call: list(range(1, calls[call] + 1)) for call in CALLS}


def summed_up(found: Iterator[tuple[str, str]]) -> tuple[Counter, list[str]]:
    told = list(found)
    return Counter(state for state, _ in told if state), [words for _, words in told if words]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_receipt_without_the_whole_report(
    prepared: Prepared, sender: Sender, calls: Counter, tmp_path: Path, fault: str
) -> None:
    places = {call: positions(call, calls[call], fault) for call in CALLS}
    states, broken = summed_up(runs(prepared, sender, places, tmp_path, fault=fault))
    assert broken == []
    assert states["untold"] > 0
    assert sum(states.values()) > 10


@pytest.mark.sweep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", FAULTS)
def test_no_receipt_without_the_whole_report_at_any_position(
    prepared: Prepared, sender: Sender, calls: Counter, tmp_path: Path, fault: str
) -> None:
    states, broken = summed_up(runs(prepared, sender, every(calls), tmp_path, fault=fault))
    assert broken == []
    assert states["untold"] > 10
    assert sum(states.values()) == sum(calls[call] for call in CALLS)


@pytest.mark.parametrize("order", ["receipt-first", "file-last"])
def test_a_wrong_order_is_noticed(
    prepared: Prepared, sender: Sender, tmp_path: Path, order: str
) -> None:
    """The check above can fail: it does with the receipt before the commit, or the file after."""
    folder = prepared.copy(tmp_path / "calm")
    found = Counter(CALL.findall(sender.run(folder, order=order).trace))
    late = {call: list(range(1, found[call] + 1)) for call in ("fdatasync", "rename")}
    tried = runs(prepared, sender, late, tmp_path, fault=KILL, order=order)
    assert any(broken for _state, broken in tried)


def check(prepared: Prepared, folder: Path, receipt: dict[str, object] | None) -> str:
    """Look at what a run left as a restarted server would, and name it."""
    engine = make_engine(f"sqlite:///{folder / 'portal.sqlite3'}")
    factory = make_session_factory(engine)
    store = EvidenceStore(LocalBackend(folder / "evidence"))
    world = World(
        **{
            **{name: getattr(prepared.world, name) for name in World.__dataclass_fields__},
            "factory": factory,
            "store": store,
            "settings": told.Settings(instance_dir=folder),
        }
    )
    try:
        with factory() as session:
            return _check(world, session, prepared.cookie, receipt)
    finally:
        engine.dispose()


def _check(world: World, session: Session, cookie: bytes, receipt: dict[str, object] | None) -> str:
    promise(session.scalar(text("PRAGMA integrity_check")) == "ok", "the database is damaged")
    promise(world.store.fsck(read_all=True).ok, "the store is damaged")
    live = sessions.resume(session, cookie=cookie, school_id=world.school.id, now=NOW)
    assert live is not None
    kept = reports.receipt(live)
    sent = session.scalars(select(Report).where(Report.status == "sent")).all()
    promise(len(sent) == (kept is not None), "receipt and report do not agree")
    if receipt is not None:
        promise(kept is not None, "a receipt was told and no report is there")
        promise(kept is not None and kept.code == receipt["code"], "another code was told")
        promise([item.id for item in kept.files] == receipt["files"], "other files were told")
    files_whole(world, session)
    if kept is None:  # the reporter's browser tries again
        if not told.drafts.load(session, live=live).files:
            described = told.uploading.describe
            told.uploading.describe = lambda *_args, **_more: {"type": "x", "preview": "none"}
            try:
                told.upload(world, session, live, ("gym.mov", ORIGINAL))
            finally:
                told.uploading.describe = described
        kept = told.send(world, session, live)
    whole(world, session, kept)
    swept(world, session)
    return "told" if receipt is not None else "untold"


def promise(kept: bool, words: str) -> None:
    if not kept:
        raise Broken(words)


def files_whole(world: World, session: Session) -> None:
    objects = set(world.store.fsck().objects)
    for item in session.scalars(select(EvidenceItem)):
        promise(item.object_id in objects, "a listed file is not in the store")


def whole(world: World, session: Session, receipt: reports.Receipt) -> None:
    """Check that there is one report, opened by code and by case key, with its file."""
    promise(len(session.scalars(select(Case)).all()) == 1, "not exactly one case")
    assert reporter.enter(session, school=world.school, code=receipt.code, instance=KEYS)
    actor = world.actor(session, world.mentor_of("1A"))
    (row,) = cases.all_rows(session, actor=actor)
    view = cases.show(session, actor=actor, case_id=row.id, now=NOW)
    promise(view.reports[0].answers["story"]["value"] == told.STORY, "another story")
    shown = {item.id: item for item in view.evidence}
    promise({item.id for item in receipt.files} == set(shown), "other files than on the receipt")
    promise(len(shown) == 1, "not exactly one file")
    for evidence_id, item in shown.items():
        found = evidence.find(session, actor=actor, case_id=row.id, evidence_id=evidence_id)
        data = b"".join(evidence.stream(world.store, found))
        promise(hashlib.sha256(data).hexdigest() == item.sha256, "a file has another hash")
        promise(data == ORIGINAL, "a file has other content")
    log = custody.SqlLog(session, world.school.id)
    promise(merkle_root(list(log.leaves())) == log.peek().root(), "the log has another head")


def swept(world: World, session: Session) -> None:
    """Check that what was left behind goes in time, and nothing else."""
    orphans = Orphans()
    for moment in (NOW, NOW + ORPHAN_AGE + timedelta(minutes=1)):
        orphans.sweep(session, store=world.store, now=moment)
    known = set(session.scalars(select(EvidenceItem.object_id)))
    report = world.store.fsck()
    promise((set(report.objects), report.orphans) == (known, ()), "something stays behind")
