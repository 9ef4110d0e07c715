"""What every backend must do, whatever it is made of.

Parametrise a test over ``ALL`` and call each check with ``reopen``: a function that returns the
same backend each time, empty at first, as another process would open it.
"""

from collections.abc import Callable
from contextlib import closing

import pytest

from evidence_store.backends import Backend
from evidence_store.errors import NotFoundError, OvertakenError

NAME = "abcdefghijklmnopqrstuvwxyz"
OTHER = "234567abcdefghijklmnopqrst"
Reopen = Callable[[], Backend]


def put(backend: Backend, name: str, data: bytes) -> None:
    """Write one object."""
    part = backend.begin(name)
    part.append(data)
    part.commit()


def read(backend: Backend, name: str) -> bytes:
    """Read one whole object."""
    source = backend.open(name)
    try:
        return source.read_at(0, source.size)
    finally:
        source.close()


def starts_empty(reopen: Reopen) -> None:
    assert list(reopen().names()) == []
    assert list(reopen().parts()) == []


def keeps_what_was_committed(reopen: Reopen) -> None:
    part = reopen().begin(NAME)
    part.append(b"first ")
    assert part.offset == 6
    part.append(memoryview(bytearray(b"second")))
    part.append(b"")
    assert part.offset == 12
    part.commit()
    assert part.offset == 12
    assert read(reopen(), NAME) == b"first second"
    assert list(reopen().names()) == [NAME]
    assert list(reopen().parts()) == []


def copies_what_is_appended(reopen: Reopen) -> None:
    buffer = bytearray(b"kept")
    part = reopen().begin(NAME)
    part.append(memoryview(buffer))
    buffer[:] = b"lost"
    part.commit()
    assert read(reopen(), NAME) == b"kept"


def hides_a_part_until_commit(reopen: Reopen) -> None:
    part = reopen().begin(NAME)
    part.append(b"data")
    assert list(reopen().names()) == []
    assert list(reopen().parts()) == [NAME]
    with pytest.raises(NotFoundError):
        reopen().open(NAME)
    part.abort()


def forgets_an_aborted_part(reopen: Reopen) -> None:
    part = reopen().begin(NAME)
    part.append(b"data")
    part.abort()
    part.abort()
    starts_empty(reopen)
    put(reopen(), NAME, b"again")
    assert read(reopen(), NAME) == b"again"


def keeps_the_object_when_aborted_after_commit(reopen: Reopen) -> None:
    part = reopen().begin(NAME)
    part.append(b"data")
    part.commit()
    part.abort()
    assert read(reopen(), NAME) == b"data"


def never_overwrites(reopen: Reopen) -> None:
    put(reopen(), NAME, b"first")
    with pytest.raises(FileExistsError):
        reopen().begin(NAME)
    assert list(reopen().parts()) == []
    assert read(reopen(), NAME) == b"first"


def has_one_writer_for_a_name(reopen: Reopen) -> None:
    part = reopen().begin(NAME)
    with pytest.raises(FileExistsError):
        reopen().begin(NAME)
    part.append(b"mine")
    part.commit()
    assert read(reopen(), NAME) == b"mine"


def reads_anywhere(reopen: Reopen) -> None:
    data = bytes(range(256)) * 1000
    put(reopen(), NAME, data)
    source = reopen().open(NAME)
    assert source.size == len(data)
    for offset, size in [(0, 1), (255_999, 1), (255_999, 50), (256_000, 5), (300_000, 5), (7, 0)]:
        assert source.read_at(offset, size) == data[offset : offset + size]
    assert source.read_at(1000, 100_000) == data[1000:101_000]
    source.close()
    source.close()


def deletes(reopen: Reopen) -> None:
    put(reopen(), NAME, b"data")
    put(reopen(), OTHER, b"other")
    reopen().delete(NAME)
    assert list(reopen().names()) == [OTHER]
    for call in (reopen().open, reopen().delete):
        with pytest.raises(NotFoundError):
            call(NAME)


def discards_a_part_left_behind(reopen: Reopen) -> None:
    part = reopen().begin(NAME)
    part.append(b"data")
    part.close()
    reopen().discard_part(NAME)
    starts_empty(reopen)
    with pytest.raises(NotFoundError):
        reopen().discard_part(NAME)
    part.abort()


def leaves_the_part_of_a_living_writer(reopen: Reopen) -> None:
    part = reopen().begin(NAME)
    part.append(b"data")
    with pytest.raises(OvertakenError):
        reopen().discard_part(NAME)
    part.commit()
    assert read(reopen(), NAME) == b"data"
    with pytest.raises(NotFoundError):
        reopen().discard_part(NAME)


def goes_on_with_a_part(reopen: Reopen) -> None:
    begun = reopen().begin(NAME)
    begun.append(b"first ")
    begun.close()
    with closing(reopen().resume(NAME)) as part:
        assert part.size == 6
        part.append_at(6, b"second ")
    assert list(reopen().parts()) == [NAME]
    with closing(reopen().resume(NAME)) as part:
        assert part.read_at(0, part.size) == b"first second "
        assert part.read_at(6, 3) == b"sec"
        part.append_at(13, b"third")
        part.hold()
        part.commit()
        part.commit()
    assert read(reopen(), NAME) == b"first second third"
    assert list(reopen().parts()) == []


def appends_only_where_the_part_ends(reopen: Reopen) -> None:
    begun = reopen().begin(NAME)
    begun.append(b"data")
    begun.close()
    with closing(reopen().resume(NAME)) as part, closing(reopen().resume(NAME)) as other:
        other.append_at(4, b"theirs")
        for offset in (0, 3, 4, 9, 11):
            with pytest.raises(OvertakenError):
                part.append_at(offset, b"ours")
        part.append_at(10, b"ours")
        assert other.size == 14
        assert other.read_at(0, 20) == b"datatheirsours"


def keeps_others_out_while_a_part_is_held(reopen: Reopen) -> None:
    begun = reopen().begin(NAME)
    begun.append(b"data")
    begun.close()
    other = reopen().resume(NAME)
    with closing(reopen().resume(NAME)) as part:
        part.hold()
        for refused in (
            lambda: other.append_at(4, b"x"),
            other.hold,
            lambda: reopen().discard_part(NAME),
        ):
            with pytest.raises(OvertakenError):
                refused()
        part.append_at(4, b" mine")
        part.commit()
    with pytest.raises(OvertakenError):
        other.append_at(4, b"late")
    other.close()
    assert read(reopen(), NAME) == b"data mine"


def opens_the_object_that_a_part_became(reopen: Reopen) -> None:
    put(reopen(), NAME, b"data")
    with closing(reopen().resume(NAME)) as part:
        assert part.read_at(0, part.size) == b"data"
        part.hold()
        part.commit()
        assert read(reopen(), NAME) == b"data"
        part.discard()
    starts_empty(reopen)
    with pytest.raises(NotFoundError):
        reopen().resume(NAME)


def discards_a_part_that_is_held(reopen: Reopen) -> None:
    reopen().begin(NAME).close()
    with closing(reopen().resume(NAME)) as part:
        part.hold()
        part.discard()
    starts_empty(reopen)


def refuses_names_that_lead_elsewhere(reopen: Reopen) -> None:
    names = ["", "..", "../../etc/passwd", "/etc/passwd", NAME.upper(), NAME[1:], NAME + "a"]
    names += [NAME + ".part", NAME + "\n", NAME[:-1] + "1", NAME[:-1] + "/", "\0" * 26]
    backend = reopen()
    for name in names:
        for call in (
            backend.begin,
            backend.open,
            backend.resume,
            backend.delete,
            backend.discard_part,
        ):
            with pytest.raises(NotFoundError):
                call(name)
    starts_empty(reopen)


ALL = [
    starts_empty,
    keeps_what_was_committed,
    copies_what_is_appended,
    hides_a_part_until_commit,
    forgets_an_aborted_part,
    keeps_the_object_when_aborted_after_commit,
    never_overwrites,
    has_one_writer_for_a_name,
    reads_anywhere,
    deletes,
    discards_a_part_left_behind,
    leaves_the_part_of_a_living_writer,
    goes_on_with_a_part,
    appends_only_where_the_part_ends,
    keeps_others_out_while_a_part_is_held,
    opens_the_object_that_a_part_became,
    discards_a_part_that_is_held,
    refuses_names_that_lead_elsewhere,
]
