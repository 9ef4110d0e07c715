"""Receiving files as a stream, for a draft and for a reporter who came back.

Checked before the first byte of a file: origin and session (by the guard), a place in the gate,
then the token, which stands in the form before the files. What cannot be kept is named by file;
the others go on. The notes go into the sealed session and are shown by the page that follows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import abort, current_app, g, request
from werkzeug.wrappers import Response
from werkzeug.wsgi import get_input_stream

from portal.services import giveaways, protecting, resumable, sessions, uploads
from portal.services.resumable import UnderWay
from portal.services.sessions import SealedSession
from portal.services.uploads import UploadSink
from portal.web.body import BodyGate, drain, timed_stream
from portal.web.context import SUCCESS_BELOW, commit, current_school, db, now, portal, settings
from portal.web.forms import TOKEN_FIELD, token_fits
from portal.web.multipart import (
    BrokenUpload,
    FileBrokenOff,
    FileEmpty,
    FileOutcome,
    FilePart,
    FileRefused,
    FileTooLarge,
    Form,
    FormError,
    FormTooLarge,
    Limits,
    Stream,
    read_form,
)

P = ParamSpec("P")
FIELD = "files"
GATE = "portal_body_gate"
BUSY = 503
MAX_NOTES = 50
# A body may be larger than its files by the parts' headers.
ROOM_FOR_HEADS = 4 << 20


class Intimate(FileRefused):
    """The reporter did not say that nobody is naked in it, so it is not taken in."""


class QuotaReached(FileRefused):
    """The report holds as many bytes as it may."""


PROBLEMS: dict[type[FileRefused], str] = {
    FileTooLarge: "too_large",
    FileEmpty: "empty",
    FileBrokenOff: "broken",
    QuotaReached: "quota",
    Intimate: "intimate",
}


class Sink:
    """Gives the reader's bytes to the service, and says what went wrong in the reader's words."""

    def __init__(self, upload: UploadSink) -> None:
        self.upload = upload
        self._check()

    def write(self, data: bytes) -> None:
        """Take bytes."""
        self.upload.write(data)
        self._check()

    def finish(self) -> UploadSink:
        """End the file."""
        self.upload.finish()
        self._check()
        return self.upload

    def abort(self) -> None:
        """Drop the file."""
        self.upload.abort()

    def _check(self) -> None:
        problem = self.upload.problem
        if problem is not None:
            kinds = {word: kind for kind, word in PROBLEMS.items()}
            raise kinds.get(problem, FileBrokenOff)(self.upload.name)


class Receiver:
    """One request's files: opens a sink for each, and counts what is taken in."""

    def __init__(self, live: SealedSession) -> None:
        self._live = live
        self._sinks: list[UploadSink] = []

    def open(self, part: FilePart) -> Sink:
        """Begin one file, or refuse it. The token must have come before it."""
        if not token_fits(part.fields.get(TOKEN_FIELD, "")):
            abort(400, "token")
        if part.fields.get("intimate") != "no":
            raise Intimate(part.name)
        upload = uploads.begin(
            db(),
            live=self._live,
            school=current_school(),
            store=portal().store,
            name=part.name,
            declared_type=part.declared_type or "",
            settings=settings(),
            taken=sum(sink.stored.size for sink in self._sinks if sink.stored is not None),
            intimate="no",
        )
        self._sinks.append(upload)
        return Sink(upload)


def gate() -> BodyGate:
    """The places for uploads of this worker: at most half of its threads."""
    made: BodyGate = current_app.extensions.setdefault(
        GATE, BodyGate(max(1, settings().threads // 2))
    )
    return made


def receive(live: SealedSession) -> SealedSession | None:
    """Take in the files of this request and list the durable ones.

    What was complete is kept also when the body broke off. Returns the session as it is after
    the body: a report may have been sent from another window meanwhile. None: it ended.

    Raises:
        BodiesFull: no place is free; nothing was read.
    """
    with gate().hold():
        form, problem = _read(Receiver(live))
        if problem is None and not form.files and not token_fits(form.fields.get(TOKEN_FIELD, "")):
            abort(400, "token")
        drafting = live.row.kind == sessions.DRAFT
        fresh = after_the_body(live)
        if fresh is None and drafting:
            return None  # nobody could find them any more; the sweeper takes such objects
        finished = [item.result for item in form.files if item.error is None]
        listed = uploads.record(
            db(), live=live, school=current_school(), finished=finished, now=now()
        )
        commit()  # what is kept stays, also when the session ends while the files are noted
        fresh = fresh and after_the_body(live)
    if fresh is None:
        return None
    if fresh.row.kind == sessions.REPORTER:
        facts = [sink.facts for sink in finished if sink.stored is not None]
        for file, inspection in list(zip(listed, facts, strict=True))[: protecting.LOOKED_AT]:
            fresh.data |= giveaways.to_keep(file.id, inspection)
        sessions.save(fresh)
    _note(fresh, form.files, problem)
    return fresh


def after_the_body(live: SealedSession) -> SealedSession | None:
    """Look again at the clock and the session: a body may have taken half an hour."""
    g.pop("now", None)
    db().expire(live.row)
    g.live_session = sessions.resume(
        db(), cookie=live.cookie, school_id=current_school().id, now=now()
    )
    fresh: SealedSession | None = g.live_session
    return fresh


def under_way(live: SealedSession) -> list[UnderWay]:
    """What broke off in this session, to be chosen again."""
    return resumable.all_of(db(), live=live, store=portal().store)


def notes(live: SealedSession) -> list[dict[str, Any]]:
    """What went wrong with files of this batch: name and problem."""
    return list(live.data.get("notes", []))


def clear_notes(live: SealedSession) -> None:
    """Forget what went wrong before; a new batch begins."""
    live.data["notes"] = []
    sessions.save(live)


def drained(view: Callable[P, Response]) -> Callable[P, Response]:
    """Read what is left of a refused body, so that the answer reaches a browser still sending.

    Not when all places are taken: reading on would take the threads that the gate keeps free.
    """

    @wraps(view)
    def around(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            response = view(*args, **kwargs)
        except Exception:
            drain(body())
            raise
        if response.status_code < SUCCESS_BELOW:
            commit()  # nobody may wait for the write lock while a slow phone sends on
        if response.status_code != BUSY:
            drain(body())
        return response

    return around


def body() -> Stream:
    """Give the body of this request, one stream for all: what gave up once waits no second time."""
    if "body" not in g:
        # Bounded by the declared length also where the server hands out the bare connection.
        request.environ["wsgi.input"] = get_input_stream(request.environ)
        g.body = timed_stream(request.environ)
    stream: Stream = g.body
    return stream


def _read(receiver: Receiver) -> tuple[Form, str | None]:
    limits = Limits(
        max_file_size=settings().max_file_bytes,
        max_body=settings().max_report_bytes + ROOM_FOR_HEADS,
    )
    try:
        form = read_form(
            body(),
            request.content_type or "",
            request.content_length,
            on_file=receiver.open,
            limits=limits,
        )
    except BrokenUpload as error:
        return error.form, "broken"
    except FormTooLarge as error:
        return error.form, "too_large"
    except FormError as error:
        return error.form, "broken"
    return form, None


def _note(live: SealedSession, outcomes: list[FileOutcome], problem: str | None) -> None:
    found = notes(live)
    for item in outcomes:
        if item.error is not None:
            found.append({"name": item.name, "problem": PROBLEMS[type(item.error)]})
    if problem is None and not outcomes:
        found.append({"name": "", "problem": "none"})
    if problem is not None and not any(item.error for item in outcomes):
        found.append({"name": "", "problem": problem})
    if found:
        live.data["notes"] = found[-MAX_NOTES:]
        sessions.save(live)
