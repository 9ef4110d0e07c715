"""Names in a download's headers: safe for every client, and the real one beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from portal.web.filenames import attachment, clean_name


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("foto 1.jpg", "foto_1.jpg"),
        (".bashrc", "bashrc"),
        ("klas 👍.png", "klas__.png"),
        ('a"b;c.jpg', "a_b_c.jpg"),
        ("…", "_"),
        ("...", "bestand"),
        ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
    ],
)
def test_old_clients_get_a_plain_name_with_its_extension(name, plain):
    assert f'filename="{plain}"' in attachment(name)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_any_name_makes_one_safe_header_that_tells_the_real_name(raw):
    name = clean_name(raw)
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    kind, options = parse_options_header(header)
    assert kind == "attachment"
    assert options["filename"] == name
