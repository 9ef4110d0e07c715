"""A long video in one connection, and the same bytes back on the desk."""

import hashlib
import http.client
import re
import secrets

import pytest

from portal.demo.samples import large_video
from tests.e2e.visitor import Visitor

MB = 1_000_000


@pytest.mark.parametrize("size", [30 * MB, pytest.param(300 * MB, marks=pytest.mark.sweep)])
def test_a_long_video_arrives_and_comes_back_byte_for_byte(site, size):
    visitor = Visitor(site, "linde").begin("Het staat op een filmpje.")
    digest = upload(visitor, size)
    assert visitor.listed() == [name_of(size)]
    receipt = visitor.follow(visitor.send())
    assert digest[:4].upper() + " " + digest[4:8].upper() in receipt.text
    name = re.search(r"(\w[^\n]*?) leest het ", receipt.text)[1].strip()
    assert download(site, name, name_of(size)) == digest


def name_of(size: int) -> str:
    return f"IMG-{size // MB}.MOV"


def upload(visitor: Visitor, size: int) -> str:
    """Stream it; give its SHA-256."""
    boundary, digest = secrets.token_hex(16), hashlib.sha256()
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("t", visitor.token), ("intimate", "no"))
    )
    head += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name_of(size)}"'
        "\r\nContent-Type: video/quicktime\r\n\r\n"
    )
    tail = f"\r\n--{boundary}--\r\n"

    def pieces():
        yield head.encode()
        for piece in large_video(size):
            digest.update(piece)
            yield piece
        yield tail.encode()

    answer = visitor.ask(
        "POST",
        "bestanden",
        pieces(),
        {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
        },
    )
    assert answer.status == 303
    return digest.hexdigest()


def download(site, name: str, file: str) -> str:
    """Fetch the original as the handler; give its SHA-256."""
    person = next(one for one in site.schools["linde"].people.values() if one.name == name)
    staff = Visitor(site, "linde")
    staff.post(
        "bureau/inloggen", login=person.login, passphrase=person.passphrase, code=person.digits()
    )
    cases = re.findall(r"/bureau/zaken/([a-z2-7]{26})/", staff.get("bureau/zaken").body.decode())
    for case in dict.fromkeys(cases):
        page = staff.get(f"bureau/zaken/{case}/")
        if file in page.text:
            item = re.search(r"/bewijs/([a-z2-7]{26})/", page.body.decode())[1]
            return digest_of(staff, f"bureau/zaken/{case}/bewijs/{item}/origineel")
    raise AssertionError("no case with the video")


def digest_of(staff: Visitor, path: str) -> str:
    client = http.client.HTTPConnection("127.0.0.1", staff.site.port, timeout=120)
    client.request("GET", f"/linde/{path}", headers={"Cookie": staff.cookie})
    response, digest = client.getresponse(), hashlib.sha256()
    while piece := response.read(1 << 20):
        digest.update(piece)
    client.close()
    return digest.hexdigest()
