"""Bad input: every file is answered, kept, and harms nobody."""

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_store.inspect import answer as answering
from evidence_store.inspect import describe
from evidence_store.inspect.sandbox import BytesSource
from portal.demo import samples as honest
from tests import samples

CASES: dict[str, tuple[str, Callable[[], bytes], set[str]]] = {
    "png bomb": ("a.png", samples.png_bomb, {"too_many_pixels"}),
    "png that lies": ("a.png", samples.png_lying, {"too_many_pixels"}),
    "png text bomb": ("a.png", samples.png_text_bomb, {"undecodable"}),
    "jpeg with 1500 scans": ("a.jpg", samples.jpeg_many_scans, {"too_many_scans"}),
    "huge gif": ("a.gif", samples.gif_huge, {"too_many_pixels"}),
    "huge webp": ("a.webp", samples.webp_huge, {"undecodable"}),
    "eps as png": ("a.png", samples.eps, {"type_mismatch"}),
    "svg": ("a.svg", samples.svg_with_script, {"active_content"}),
    "html as jpg": ("a.jpg", samples.html_page, {"active_content", "type_mismatch"}),
    "script after a jpeg header": ("a.jpg", samples.jpeg_header_then_script, {"undecodable"}),
    "zip as jpg": ("a.jpg", samples.zip_with_paths, {
        "archive_unopened", "archive_suspect", "type_mismatch",
    }),
    "zip bomb": ("a.zip", lambda: samples.zip_bomb(1), {"archive_unopened", "archive_suspect"}),
    "nested zip bomb": ("a.zip", samples.zip_bomb, {"archive_unopened"}),
    "cut zip": ("a.zip", lambda: samples.truncated(honest.whatsapp_zip(), 0.8), {
        "archive_unopened", "truncated",
    }),
    "word": ("a.docx", samples.office, set()),
    "word with macros": ("a.docx", lambda: samples.office(macros=True), {"active_content"}),
    "pdf with a script": ("a.pdf", samples.pdf_with_script, {"active_content"}),
    "app as zip": ("a.zip", samples.android_package, {"program", "type_mismatch"}),
    "script": ("a.txt", lambda: b"#!/bin/sh\nrm -rf /\n", {"program", "type_mismatch"}),
    "program": ("foto.jpg.exe", samples.program, {"program", "name_suspect"}),
    "cut png": ("a.png", lambda: samples.truncated(honest.png(), 0.5), {"undecodable"}),
    "cut jpeg": ("a.jpg", lambda: samples.truncated(honest.jpeg(), 0.99), {"undecodable"}),
    "cut heic": ("a.heic", lambda: samples.truncated(honest.heic(), 0.9), {"undecodable"}),
    "cut mov": ("a.mov", lambda: samples.truncated(honest.video(), 0.5), {"undecodable"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_hostile_file_is_accepted_without_preview(case: str) -> None:
    name, make, warnings = CASES[case]
    started = time.monotonic()
    answer = describe(BytesSource(make()), name=name)
    assert answer["verdict"] == "accept"
    assert answer["preview"] == "none"
    assert set(answer["warnings"]) == warnings
    assert time.monotonic() - started < 20


def test_a_playlist_named_video_reaches_no_demuxer() -> None:
    answer = describe(BytesSource(samples.playlist()), name="a.mp4")
    assert answer["type"] == "text/plain"
    assert answer["warnings"] == ["type_mismatch"]


def test_empty_and_too_large_are_refused() -> None:
    empty = describe(BytesSource(b""), name="a.png")
    assert (empty["verdict"], empty["warnings"]) == ("refuse", ["empty"])
    large = describe(BytesSource(bytes(11)), name="a.png", limit=10)
    assert (large["verdict"], large["warnings"]) == ("refuse", ["too_large"])
    assert describe(BytesSource(bytes(10)), name="a.png", limit=10)["verdict"] == "accept"


@pytest.mark.parametrize(
    "name", ["", "\0", "../../etc/passwd", "a\u202egpj.exe", "\U0001f600" * 80, "\udcff.png", "."]
)
def test_any_name_is_answered(name: str) -> None:
    answer = describe(BytesSource(honest.png()), name=name)
    assert answer["type"] == "image/png"
    assert answer["verdict"] == "accept"


def test_a_declared_type_that_differs_is_told() -> None:
    data = BytesSource(honest.png())
    told = describe(data, name="a.png", declared_type="video/mp4")
    assert told["declared_type"] == "video/mp4"
    assert told["warnings"] == ["type_mismatch"]
    silent = describe(data, name="a.png", declared_type="application/octet-stream")
    assert silent["warnings"] == []


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(honest.SAMPLES)), st.integers(0, 2**32))
def test_a_damaged_file_is_always_answered(name: str, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(honest.SAMPLES[name]())
    for _ in range(chance.randint(1, 40)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    cut = bytes(data[: chance.randint(1, len(data))])
    answer = describe(BytesSource(cut), name=name)
    assert answer["verdict"] == "accept"
    assert answer["size"] == len(cut)


def test_facts_from_the_child_are_checked_field_by_field() -> None:
    told = {
        "width": -1, "height": True, "position": "yes", "device": "x" * 5000,
        "capture_time": "2026\n\u202e", "mail_hops": [{"a": 1}] * 99, "other": 1,
    }  # fmt: skip
    checked = answering._checked_facts(told)
    assert set(checked) == {"device", "capture_time", "mail_hops"}
    assert len(checked["device"]) <= 600
    assert checked["capture_time"] == "2026"
    assert len(checked["mail_hops"]) <= 30
