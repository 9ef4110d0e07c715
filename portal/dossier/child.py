"""Set the dossier with typst, inside the sandbox of `evidence_store.inspect`.

Everything is handed over in memory; no plaintext of a case reaches a disk.
"""

import base64
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from evidence_store.inspect.child import RangeReader, Reply

_HERE = Path(__file__).resolve().parent


def work(job: dict[str, Any], reader: RangeReader, reply: Reply) -> None:
    """Compile `job["data"]` bytes of JSON, with the pictures behind them."""
    files = {
        "main.typ": (_HERE / "dossier.typ").read_bytes(),
        "parts.typ": (_HERE / "parts.typ").read_bytes(),
        "data.json": reader.read_at(0, job["data"]),
    }
    offset = job["data"]
    for name, size, width, height in job["images"]:
        files[name] = _wrapped(reader.read_at(offset, size), width, height)
        offset += size
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(_HERE / "fonts")],
    )
    try:
        made = typst.compile(
            files,  # type: ignore[call-overload]  # its types know no files in memory
            font_paths=fonts,
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=datetime.fromisoformat(job["created"]),
        )
    except RuntimeError as error:
        reply.result({"message": str(error)[:500]})
        raise
    reply.blob(made)


def _wrapped(jpeg: bytes, width: int, height: int) -> bytes:
    """Files in memory must be UTF-8; the JPEG reaches the PDF unchanged all the same."""
    size = f'width="{width}" height="{height}"'
    return b"".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}><image {size} href="'.encode(),
            b"data:image/jpeg;base64,",
            base64.b64encode(jpeg),
            b'"/></svg>',
        )
    )
