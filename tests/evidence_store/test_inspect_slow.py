"""Texts that are made to keep a decoder busy: at most two children look at files at a time."""

import time

import pytest

from evidence_store.inspect import texts
from evidence_store.inspect.child import Refusal

MAIL = b"From: a@b.example\nTo: c@d.example\nSubject: x\nContent-Type: text/html\n\n"
HOSTILE = {
    "styles": MAIL + b"<style " * 35_000,
    "scripts": MAIL + b"<script>" * 30_000,
    "parameters": b"From: " + b"<" * 60_000 + b"\nContent-Type: text/html; "
    + b'a*0*="x;' * 8_000 + b"\n\n<p>ja",
    "nested": b"Content-Type: multipart/mixed; boundary=x\n\n"
    + b"--x\nContent-Type: multipart/mixed; boundary=x\n\n" * 800,
    "words": b"Subject: " + b"=?utf-8?q?a?= " * 9_000 + b"\n\nja",
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_mail_made_to_be_slow_is_read_quickly(kind):
    began = time.process_time()
    texts.mail_words(HOSTILE[kind])
    assert time.process_time() - began < 2


def test_a_mail_with_endless_markup_has_no_copy():
    with pytest.raises(Refusal):
        texts.mail_words(MAIL + b"<a " * 100_000)


def test_scripts_and_styles_go_and_an_open_head_takes_no_words_along():
    html = b"<head><title>T</title><style>p{}</style><p>Ik <b>wil</b> dit<script>x()</script> niet"
    assert texts.mail_words(MAIL + html).strip() == "Ik wil dit niet"
    assert texts.mail_words(MAIL + b"<p>ja<style>") == "ja"


def test_of_a_mail_with_both_the_plain_words_are_read_and_no_attachment():
    mail = b"""Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain
Content-Disposition: attachment

bijlage
--x
Content-Type: message/rfc822

Subject: y

doorgestuurd
--x
Content-Type: multipart/alternative; boundary=y

--y
Content-Type: text/html

<p>opgemaakt
--y
Content-Type: text/plain; charset=utf-8

gewoon
--y--
--x--
"""
    assert texts.mail_words(mail).strip() == "gewoon"
