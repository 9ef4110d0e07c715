"""Uploads by clients that others wrote: tus-js-client in real Chromium, and tuspy."""

import hashlib
import random
from pathlib import Path

from tusclient.client import TusClient

from tests.e2e.visitor import Visitor

TUS = Path(__file__).parents[1] / "vectors" / "tus-js-client" / "tus.min.js"
SIZE = 3_000_000
# Breaks off at the first progress beyond a million bytes, and goes on with another object.
SEND = """async ({endpoint, token, size}) => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 7 + (at >> 8) * 31) & 255;
  const file = new File([bytes], "van-een-ander.mov", {type: "video/quicktime"});
  const options = {
    endpoint, chunkSize: 700_000, retryDelays: [0, 500, 1000],
    headers: {"X-CSRF-Token": token},
    metadata: {filename: file.name, filetype: file.type, intimate: "no"},
  };
  const offsets = [];
  await new Promise((broken, failed) => {
    const upload = new tus.Upload(file, {
      ...options, onError: failed,
      onChunkComplete: (_size, accepted) => {
        offsets.push(accepted);
        if (accepted > 1_000_000) upload.abort().then(broken);
      },
    });
    upload.start();
  });
  await new Promise((done, failed) => {
    const upload = new tus.Upload(file, {
      ...options, onError: failed, onSuccess: done,
      onChunkComplete: (_size, accepted) => offsets.push(accepted),
    });
    upload.findPreviousUploads().then(([earlier]) => {
      upload.resumeFromPreviousUpload(earlier);
      upload.start();
    });
  });
  return offsets;
}"""


def fingerprint(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest().upper()
    return f"{digest[:4]} {digest[4:8]}"


def test_tus_js_client_breaks_off_and_goes_on(site, visit):
    page, _watch = visit()
    page.goto(f"{site.address}/linde/")
    visitor = Visitor(site, "linde").begin("Een ander programma stuurt het.")
    name, _, value = visitor.cookie.partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": site.address}])
    page.goto(f"{site.address}/linde/bestanden")
    page.evaluate(TUS.read_text())
    offsets = page.evaluate(
        SEND, {"endpoint": "/linde/bestanden/onderweg", "token": visitor.token, "size": SIZE}
    )
    assert offsets == sorted(offsets)
    assert offsets[-1] == SIZE
    assert len(offsets) > 4
    assert visitor.listed() == ["van-een-ander.mov"]
    sent = bytes((at * 7 + (at >> 8) * 31) & 255 for at in range(SIZE))
    assert fingerprint(sent) in visitor.follow(visitor.send()).text


def test_tuspy_breaks_off_and_goes_on_with_checksums(site, tmp_path):
    visitor = Visitor(site, "linde").begin("Een ander programma stuurt het.")
    source = tmp_path / "van-een-ander.bin"
    source.write_bytes(random.Random(4).randbytes(SIZE))
    headers = {"Cookie": visitor.cookie, "X-CSRF-Token": visitor.token}
    client = TusClient(f"{site.address}/linde/bestanden/onderweg", headers=headers)
    options = {
        "chunk_size": 500_001,
        "metadata": {"filename": source.name, "filetype": "", "intimate": "no"},
        "upload_checksum": True,
    }
    with source.open("rb") as stream:
        first = client.uploader(file_stream=stream, **options)
        first.upload_chunk()
        first.upload_chunk()
    assert 500_001 < first.offset < SIZE
    with source.open("rb") as stream:
        again = client.uploader(file_stream=stream, url=first.url, **options)
        assert again.offset == first.offset
        again.upload()
    assert again.offset == SIZE
    assert visitor.listed() == [source.name]
    assert fingerprint(source.read_bytes()) in visitor.follow(visitor.send()).text
