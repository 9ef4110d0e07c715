"""Sends a report in a process that may be killed or starved of its disk at any system call.

Started once, so that every run costs a fork and not an interpreter. For each line on standard
input, ``{"folder", "order"}``, it forks a child that stops until it is traced, and then answers
with the child's id and later with its end. The child's only word is the file ``receipt``.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from evidence_store import EvidenceStore
from evidence_store.backends import LocalBackend
from portal.config import Settings
from portal.db import make_engine, make_session_factory
from portal.services import drafts, reports, schools, sessions, transaction, uploads
from tests.durability import late
from tests.services.world import KEYS, NOW

ANY_TRACER = 0x59616D61  # PR_SET_PTRACER
FACTS = {"type": "application/octet-stream", "preview": "none", "warnings": []}


def run(folder: Path, order: str) -> None:
    """Upload one file, send the report, and only then tell the code."""
    given = json.loads((folder / "given.json").read_text())
    deferred = late.LateBackend(LocalBackend(folder / "evidence"))
    store = EvidenceStore(deferred if order == "file-last" else LocalBackend(folder / "evidence"))
    engine = make_engine(f"sqlite:///{folder / 'portal.sqlite3'}")
    with make_session_factory(engine)() as session:
        school = schools.find(session, slug=given["slug"])
        assert school is not None
        cookie = bytes.fromhex(given["cookie"])
        live = sessions.resume(session, cookie=cookie, school_id=school.id, now=NOW)
        assert live is not None
        sink = uploads.begin(
            session,
            live=live,
            school=school,
            store=store,
            name="gym.mov",
            declared_type="video/quicktime",
            settings=Settings(instance_dir=folder),
        )
        with (folder / "original").open("rb") as source:
            while piece := source.read(100_000):
                sink.write(piece)
        sink.finish()
        if sink.problem is not None:  # the page says so, and the reporter sends the file again
            raise OSError(sink.problem)
        uploads.record(session, live=live, school=school, finished=[sink], now=NOW)
        transaction.commit(session)
        receipt = reports.submit(
            session,
            live=live,
            school=school,
            instance=KEYS,
            token=live.data["token"],
            seen=drafts.route(
                session, draft=drafts.load(session, live=live), school=school, now=NOW
            ).digest,
            now=NOW,
        )
        told = {"code": receipt.code, "files": [item.id for item in receipt.files]}
        if order == "receipt-first":
            tell(folder, told)
        transaction.commit(session)
        if order != "receipt-first":
            tell(folder, told)
        deferred.settle()
    engine.dispose()


def tell(folder: Path, told: dict[str, object]) -> None:
    """Answer the reporter."""
    handle = os.open(folder / "receipt", os.O_WRONLY | os.O_CREAT)
    os.write(handle, json.dumps(told).encode() + b"\n")
    os.close(handle)


def child(folder: Path, order: str) -> None:
    """Wait for the tracer, run, and end without cleaning up after the interpreter."""
    ctypes.CDLL(None).prctl(ANY_TRACER, ctypes.c_ulong(-1), 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    code = 0
    try:
        run(folder, order)
    except BaseException:  # noqa: BLE001 - how it failed is for the one who looks into it
        (folder / "failure").write_text(traceback.format_exc())
        code = 3
    os._exit(code)


def main() -> None:
    """Serve until standard input ends."""
    uploads.describe = lambda *_args, **_more: dict(FACTS)
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = os.fork()
        if not pid:
            child(Path(wanted["folder"]), wanted["order"])
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
