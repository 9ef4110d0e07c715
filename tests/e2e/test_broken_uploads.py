"""A large file over a connection and a server that are killed again and again."""

import hashlib
import re
from dataclasses import replace

import pytest

from portal.demo.samples import large_video
from tests.e2e import site as sites
from tests.e2e.breaking import (
    CHUNK,
    BrokenLine,
    kill_again_and_again,
    kill_workers,
    summary,
    web_workers,
)
from tests.e2e.test_large_file import download
from tests.e2e.visitor import Visitor

MB = 1_000_000


@pytest.fixture
def fragile(site, filled):
    """A server on the same data whose workers may be killed, and what kills them."""
    process, port = sites.serve(filled, filled.with_name("fragile.log"), {"PORTAL_WORKERS": "2"})
    yield replace(site, address=f"http://127.0.0.1:{port}"), process.pid
    sites.stop(process)


@pytest.mark.parametrize(
    ("size", "kills"), [(24 * MB, 20), pytest.param(500 * MB, 50, marks=pytest.mark.sweep)]
)
def test_kills_cost_less_than_a_chunk_each_and_the_file_is_whole(fragile, tmp_path, size, kills):
    site, supervisor = fragile
    assert len(web_workers(supervisor)) >= 2
    source, digest = tmp_path / "original", hashlib.sha256()
    with source.open("wb") as file:
        for piece in large_video(size):
            digest.update(piece)
            file.write(piece)
    visitor = Visitor(site, "linde").begin("Het staat op een lang filmpje.")
    line = BrokenLine(visitor, source, lambda: kill_workers(supervisor))
    line.begin(f"lang-{size // MB}.MOV")
    kill_again_and_again(line, kills)
    assert len(line.kills) == kills
    most = summary(line.kills)
    print(f"most bytes sent again after one kill of {kills}: {most}")
    for one in line.kills:
        assert one.resent < (one.sent + CHUNK if one.kind.endswith("full flow") else CHUNK), one
    assert visitor.listed() == [f"lang-{size // MB}.MOV"]
    receipt = visitor.follow(visitor.send())
    told = digest.hexdigest().upper()
    assert f"{told[:4]} {told[4:8]}" in receipt.text
    name = re.search(r"(\w[^\n]*?) leest het ", receipt.text)[1].strip()
    assert download(site, name, f"lang-{size // MB}.MOV") == digest.hexdigest()
