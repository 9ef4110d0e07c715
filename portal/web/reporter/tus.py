"""Uploads that go on where they broke off, in the protocol tus 1.0 that other clients speak too.

An upload acknowledges whole chunks of 64 KiB only; ``Upload-Offset`` says where to go on. It tells
``Upload-Length`` only when the file is read back, hashed and listed. A name is taken from
``filename`` in the metadata; ``intimate`` must say "no" there, as the picker's form does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.http import http_date

from portal.services import resumable, sessions, transaction, upload_ends
from portal.services.errors import InvalidInputError, NotFoundError
from portal.services.resumable import BrokenUpload, Going, UnderWay
from portal.services.sessions import SealedSession
from portal.services.upload_state import Told
from portal.web import session
from portal.web.body import BodiesFull
from portal.web.context import commit, current_school, db, now, portal, settings
from portal.web.filenames import clean_name
from portal.web.guards import public, uploader_only
from portal.web.reporter import receiving

blueprint = Blueprint("reporter_tus", __name__)

P = ParamSpec("P")
VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,termination,expiration"
ALGORITHMS = ("sha256", "sha1")
BODY_TYPE = "application/offset+octet-stream"
MAX_CHECKED = 4 << 20
"""A piece with a checksum is held in memory until it is checked."""
MAX_METADATA = 4096
MOST_DIGITS = 18
MISMATCH = 460
REFUSED = {"empty": 400, "too_large": 413, "quota": 413, "too_many": 429}
ALL, ONE = "/<school>/bestanden/onderweg", "/<school>/bestanden/onderweg/<upload>"


def versioned(view: Callable[P, Response]) -> Callable[P, Response]:
    """Speak with clients of this version only."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        if request.headers.get("Tus-Resumable") != VERSION:
            return Response(status=412, headers={"Tus-Version": VERSION})
        return view(*args, **kwargs)

    return guarded


@blueprint.after_request
def say_version(response: Response) -> Response:
    """Every answer names the version, also a refusal."""
    response.headers["Tus-Resumable"] = VERSION
    return response


@blueprint.route(ALL, methods=["OPTIONS"])
@blueprint.route(ONE, methods=["OPTIONS"])
@public
def options(school: str, upload: str = "") -> Response:
    """Say what is offered."""
    del school, upload
    said = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(settings().max_file_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status=204, headers=said)


@blueprint.route(ALL, methods=["POST"], provide_automatic_options=False)
@receiving.drained
@uploader_only
@versioned
def create(school: str) -> Response:
    """Begin an upload, or give the address of the same one that broke off."""
    given = request.headers.get("Upload-Metadata", "")
    told = _told(given)
    try:
        begun = resumable.begin(
            db(),
            live=_live(),
            school=current_school(),
            store=portal().store,
            told=told,
            length=_number("Upload-Length"),
            settings=settings(),
            now=now(),
        )
    except InvalidInputError as refused:
        return Response(refused.problem, REFUSED[refused.problem], mimetype="text/plain")
    except OSError:
        return Response("not stored", 507, mimetype="text/plain")
    response = _standing(begun, 201)
    response.headers["Location"] = url_for(".head", school=school, upload=begun.id)
    return response


@blueprint.route(ONE, methods=["HEAD"], provide_automatic_options=False)
@uploader_only
@versioned
def head(school: str, upload: str) -> Response:
    """Say where to go on."""
    del school
    standing = _look(upload)
    response = _standing(standing, 200)
    response.headers["Upload-Length"] = str(standing.length)
    if standing.metadata:
        response.headers["Upload-Metadata"] = standing.metadata
    return response


@blueprint.route(ONE, methods=["PATCH"], provide_automatic_options=False)
@uploader_only
@versioned
def patch(school: str, upload: str) -> Response:
    """Take bytes, from where the upload stands.

    A refusal goes out at once, and is not waited with for a body that may be the whole file.
    """
    del school
    if request.mimetype != BODY_TYPE:
        abort(415)
    offset, standing = _number("Upload-Offset"), _look(upload)
    if offset != standing.offset:
        return _standing(standing, 409)
    if offset == standing.length:
        return _standing(standing, 204)
    if offset + (request.content_length or 0) > standing.length:
        return Response("more than Upload-Length", 413, mimetype="text/plain")
    with receiving.gate().hold():
        return _receive(upload, offset)


@blueprint.route(ONE, methods=["DELETE"], provide_automatic_options=False)
@uploader_only
@versioned
def delete(school: str, upload: str) -> Response:
    """Destroy what has come of an upload."""
    del school
    upload_ends.drop(
        db(), live=_live(), school=current_school(), store=portal().store, upload_id=upload
    )
    return Response(status=204)


def _receive(upload: str, offset: int) -> Response:
    live, school = _live(), current_school()
    going = resumable.go_on(db(), live=live, school=school, store=portal().store, upload_id=upload)
    commit()  # nobody may wait for the database while a slow phone sends
    with going:
        try:
            refused = _take(going) if going.intake.offset == offset else _overtaken(upload)
            if refused is not None:
                return refused
            if going.intake.complete:
                return _finish(going, live)
        except NotFoundError:
            return _end(going)
        except OSError:
            return Response("not stored", 507, mimetype="text/plain")
        if going.intake.offset == offset and request.content_length:
            return Response("send pieces of 64 KiB or more", 400, mimetype="text/plain")
        return _standing(_look(upload), 204)


def _overtaken(upload: str) -> Response:
    """Another request has written since we looked: these bytes belong elsewhere."""
    return _standing(_look(upload), 409)


def _take(going: Going) -> Response | None:
    """Read the body; what is left of a chunk at its end is dropped. Gives a refusal, or nothing."""
    checksum = request.headers.get("Upload-Checksum")
    if checksum is not None:
        return _take_checked(going, checksum)
    while wanted := going.intake.wanted:
        try:
            data = receiving.body().read(wanted)
        except BodiesFull:
            raise
        except OSError:  # broken off, or too slow: what came in whole chunks is kept
            return None
        if not data:
            return None
        going.write(data)
    return None


def _take_checked(going: Going, checksum: str) -> Response | None:
    """Take a piece only when it is what its checksum says; nothing is ever taken back."""
    algorithm, _, expected = checksum.partition(" ")
    if algorithm not in ALGORITHMS:
        return Response("unknown checksum algorithm", 400, mimetype="text/plain")
    size = request.content_length
    if size is None or size > MAX_CHECKED:
        return Response("a piece with a checksum is too large", 413, mimetype="text/plain")
    data = bytearray()
    try:
        while piece := receiving.body().read(size - len(data)):
            data += piece
    except OSError:
        return None
    digest = hashlib.new(algorithm, data, usedforsecurity=False).digest()
    if not hmac.compare_digest(base64.b64encode(digest), expected.encode()):
        return Response("Checksum Mismatch", f"{MISMATCH} Checksum Mismatch", mimetype="text/plain")
    going.write(bytes(data))
    return None


def _finish(going: Going, live: SealedSession) -> Response:
    """List the file, unless its draft went meanwhile; the question is asked again for the next."""
    drafting = live.row.kind == sessions.DRAFT
    fresh = receiving.after_the_body(live)
    if fresh is None and drafting:
        raise BrokenUpload(going.id)  # nobody could find it any more
    told = resumable.finish(db(), live=live, school=current_school(), going=going, now=now())
    if fresh is not None:
        fresh.data |= {"picking": False} if drafting else {"intimate": "", **told}
        sessions.save(fresh)
    commit()
    size = str(going.intake.offset)
    return Response(status=204, headers={"Upload-Offset": size})


def _end(going: Going) -> Response:
    """It can never be ended: its sender begins anew."""
    transaction.rollback(db())
    going.intake.close()
    upload_ends.forget(db(), store=portal().store, going=going)
    commit()
    return Response("begin anew", 410, mimetype="text/plain")


def _look(upload: str) -> UnderWay:
    return resumable.look(
        db(), live=_live(), school=current_school(), store=portal().store, upload_id=upload
    )


def _live() -> SealedSession:
    live = session.current(sessions.DRAFT) or session.current(sessions.REPORTER)
    if live is None:
        raise NotFoundError(sessions.DRAFT)
    return live


def _standing(one: UnderWay, status: int) -> Response:
    said = {"Upload-Offset": str(one.offset)}
    if not one.finished:
        said["Upload-Expires"] = http_date(one.ends_at)
    return Response(status=status, headers=said)


def _told(metadata: str) -> Told:
    """Read what the sender says of the file."""
    values = {}
    for pair in metadata.split(",") if metadata else []:
        key, _, coded = pair.strip().partition(" ")
        try:
            values[key] = base64.b64decode(coded, validate=True)
        except (ValueError, binascii.Error):
            abort(400, "metadata")
    if len(metadata) > MAX_METADATA:
        abort(400, "metadata")
    if values.get("intimate") != b"no":
        abort(403, "intimate")
    live = _live()
    return Told(
        name=clean_name(values.get("filename", b"")),
        declared_type=values.get("filetype", b"").decode("utf-8", "replace")[:255],
        metadata=metadata,
        mark=values.get("mark", b"").decode("utf-8", "replace"),
        entry=live.data.get("entry", ""),
    )


def _number(name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        abort(400, name)
    return int(text)
