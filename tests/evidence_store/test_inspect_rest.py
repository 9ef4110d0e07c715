"""The rest of a zip: everything but what was pointed at, and nothing that may be it."""

import io
import struct
import zipfile

import pytest

from evidence_store.inspect import InspectError, list_members, make_without
from evidence_store.inspect.sandbox import BytesSource

SECRET = b"\xff\xd8\xff" + b"naakt" * 4000
CHAT = b"12-11-2026 21:06 - Sem: waar ben je\n" * 50


def packed(*members, **how):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data, *method in members:
            entry = zipfile.ZipInfo(name, (2026, 11, 17, 9, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, data, *method, **how)
    return made.getvalue()


def place_of(data, name):
    return next(one.place for one in list_members(BytesSource(data)) if one.name == name)


def names(rest):
    with zipfile.ZipFile(io.BytesIO(rest.made.data)) as found:
        assert found.testzip() is None
        return found.namelist()


ORIGINAL = packed(
    ("chat.txt", CHAT),
    ("IMG-1.jpg", SECRET, zipfile.ZIP_STORED),
    ("IMG-2.jpg", b"\xff\xd8\xff anders" * 99),
    ("map/é.txt", b"nog iets"),
)


class Watched(BytesSource):
    """Notes which bytes were asked for."""

    def __init__(self, data):
        super().__init__(data)
        self.read = set()

    def read_at(self, offset, size):
        self.read |= set(range(offset, offset + size))
        return super().read_at(offset, size)


def test_everything_else_stays_byte_for_byte():
    rest = make_without(BytesSource(ORIGINAL), [place_of(ORIGINAL, "IMG-1.jpg")])
    assert names(rest) == ["chat.txt", "IMG-2.jpg", "map/é.txt"]
    assert (rest.members, rest.left_out, rest.names) == (3, 1, names(rest))
    with zipfile.ZipFile(io.BytesIO(rest.made.data)) as found:
        assert found.read("chat.txt") == CHAT
        assert found.read("map/é.txt") == b"nog iets"
    assert b"naakt" not in rest.made.data
    assert b"IMG-1" not in rest.made.data


def test_what_is_left_out_is_not_even_read():
    ballast = b"".join(struct.pack(">I", number) for number in range(60_000))
    data = packed(("eerst.txt", ballast, zipfile.ZIP_STORED), ("weg.jpg", SECRET, 0),
                  ("laatst.txt", ballast, zipfile.ZIP_STORED))  # fmt: skip
    source = Watched(data)
    make_without(source, [place_of(data, "weg.jpg")])
    begin = data.index(SECRET)
    # The end of the file is looked through for the directory; nothing else of it is touched.
    assert not source.read & set(range(begin, min(begin + len(SECRET), len(data) - 65_557)))


def test_the_same_content_under_another_name_goes_too():
    data = packed(("a.jpg", SECRET, zipfile.ZIP_STORED), ("b.bin", SECRET), ("c.txt", CHAT))
    assert names(make_without(BytesSource(data), [0])) == ["c.txt"]


def test_a_member_that_shares_its_bytes_goes_too():
    """Two entries of the directory that point to one place in the file."""
    data = bytearray(packed(("a.jpg", SECRET, zipfile.ZIP_STORED), ("c.txt", CHAT)))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)  # its offset: that of the first
    with pytest.raises(InspectError, match="no_copy"):
        make_without(BytesSource(bytes(data)), [0])


def test_what_cannot_be_looked_into_is_left_out():
    data = bytearray(
        packed(("a.jpg", SECRET, zipfile.ZIP_STORED), ("slot.txt", CHAT), ("c.txt", b"c"))
    )
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(b"slot.txt", data.index(mark)) if at == 6 else data.rindex(b"slot.txt")
        head = data.rindex(mark, 0, place)
        data[head + at] |= 1  # says that it is encrypted
    assert names(make_without(BytesSource(bytes(data)), [0])) == ["c.txt"]


@pytest.mark.parametrize("drop", [[0, 9], [-1], [99]])
def test_who_points_at_nothing_gets_no_copy(drop):
    with pytest.raises(InspectError):
        make_without(BytesSource(ORIGINAL), drop)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"x" * 100, ORIGINAL[:-10], ORIGINAL[:50]], ids=range(5)
)
def test_what_is_no_readable_zip_has_no_rest(data):
    assert list_members(BytesSource(data)) == []
    with pytest.raises(InspectError):
        make_without(BytesSource(data), [0])


def test_a_bomb_stays_packed_and_too_much_is_refused(monkeypatch):
    bomb = packed(("nul.bin", bytes(200 << 20)), ("a.jpg", SECRET, zipfile.ZIP_STORED))
    rest = make_without(BytesSource(bomb), [1])
    assert len(rest.made.data) < 1 << 20
    monkeypatch.setattr("evidence_store.inspect.archives.MAX_REST", 1000)
    with pytest.raises(InspectError, match="too_large"):
        make_without(BytesSource(bomb), [1])


def test_of_a_rest_more_can_be_left_out():
    first = make_without(BytesSource(ORIGINAL), [1]).made.data
    assert names(make_without(BytesSource(first), [1])) == ["chat.txt", "map/é.txt"]
