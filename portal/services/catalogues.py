"""PO files, the catalogues of translated texts: read at start, kept in portal/translations.

A PO file is turned into the MO form in memory, so that the standard library's gettext reads it and
knows its plural rule. Nothing has to be compiled, and one dropped file is a language.
"""

from __future__ import annotations

import ast
import gettext
import io
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER, FILE = Path(__file__).parent.parent / "translations", "LC_MESSAGES/messages.po"
MAGIC, HEADER_BYTES, ROW_BYTES = 0x950412DE, 28, 8
CONTEXT_END = "\x04"
_FIELD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?)\s+(".*")')


@dataclass(slots=True)
class Message:
    """One text and its translation; several translations where a number decides."""

    id: str
    plural: str = ""
    context: str = ""
    texts: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    previous: str = ""
    fuzzy: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What tells messages apart."""
        return self.context, self.id

    @property
    def done(self) -> bool:
        """Whether a page may show the translation: complete, and not a guess of the merging."""
        return bool(self.texts) and all(self.texts) and not self.fuzzy


def read(text: str) -> list[Message]:
    """Read a PO file. The first message, with the empty id, is its header."""
    blocks = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    found = [_message(block.split("\n")) for block in blocks]
    return [message for message in found if message is not None]


def _message(lines: list[str]) -> Message | None:
    """Read the lines of one message; None for a remark, or for one that nothing uses any more."""
    fields: dict[str, str] = {}
    message = Message("")
    name = ""
    for line in map(str.strip, lines):
        start = _FIELD.fullmatch(line)
        if start is not None:
            name = start.group(1)
            fields[name] = _unquote(start.group(2))
        elif line.startswith('"') and name:
            fields[name] += _unquote(line)
        elif line.startswith("#"):
            _remark(message, line)
    if "msgid" not in fields:
        return None
    message.id = fields["msgid"]
    message.plural = fields.get("msgid_plural", "")
    message.context = fields.get("msgctxt", "")
    message.texts = [value for key, value in fields.items() if key.startswith("msgstr")]
    return message


def _remark(message: Message, line: str) -> None:
    mark, rest = line[:2], line[2:].strip()
    if mark == "#:":
        message.places += rest.split()
    elif mark == "#.":
        message.notes.append(rest)
    elif mark == "#|" and rest.startswith("msgid "):
        message.previous = _unquote(rest.removeprefix("msgid "))
    elif mark == "#," and "fuzzy" in rest:
        message.fuzzy = True


def _unquote(quoted: str) -> str:
    return str(ast.literal_eval(quoted))


def write(messages: Iterable[Message]) -> str:
    """Write a PO file, one message after the other as given."""
    return "\n".join(_written(message) for message in messages)


def _written(message: Message) -> str:
    lines = [f"#. {note}" for note in message.notes]
    lines += [f"#: {' '.join(message.places)}"] if message.places else []
    lines += ["#, fuzzy"] if message.fuzzy else []
    lines += [f"#| msgid {_quote(message.previous)}"] if message.previous else []
    lines += [f"msgctxt {_quote(message.context)}"] if message.context else []
    lines.append(f"msgid {_quote(message.id)}")
    if message.plural:
        lines.append(f"msgid_plural {_quote(message.plural)}")
        lines += [f"msgstr[{at}] {_quote(text)}" for at, text in enumerate(message.texts)]
    else:
        lines.append(f"msgstr {_quote(message.texts[0] if message.texts else '')}")
    return "\n".join([*lines, ""])


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    if "\n" not in escaped:
        return f'"{escaped}"'
    rows = [f'"{row}\\n"' for row in escaped.split("\n")]
    rows[-1] = rows[-1].replace('\\n"', '"')
    return "\n".join(['""', *(row for row in rows if row != '""')])


@cache
def of_language(code: str) -> gettext.NullTranslations:
    """Give the catalogue of a language; the source text itself where there is none."""
    known = {path.parent.parent.name: path for path in FOLDER.glob(f"*/{FILE}")}
    return load(known[code]) if code in known else gettext.NullTranslations()


def load(path: Path) -> gettext.GNUTranslations:
    """Give the catalogue of a PO file; what is not translated falls back to the source text."""
    messages = read(path.read_text(encoding="utf-8"))
    rows = {_mo_key(message): "\0".join(message.texts) for message in messages if message.done}
    return gettext.GNUTranslations(io.BytesIO(_mo(rows)))


def _mo_key(message: Message) -> str:
    key = f"{message.context}{CONTEXT_END}{message.id}" if message.context else message.id
    return f"{key}\0{message.plural}" if message.plural else key


def _mo(rows: dict[str, str]) -> bytes:
    """Lay texts out as an MO file (GNU gettext manual, "The Format of GNU MO Files")."""
    pairs = [(key.encode(), rows[key].encode()) for key in sorted(rows)]
    ids_at, texts_at = HEADER_BYTES, HEADER_BYTES + ROW_BYTES * len(pairs)
    head = struct.pack("<7I", MAGIC, 0, len(pairs), ids_at, texts_at, 0, 0)
    tables, body = [b"", b""], b""
    start = texts_at + ROW_BYTES * len(pairs)
    for pair in pairs:
        for column, value in enumerate(pair):
            tables[column] += struct.pack("<2I", len(value), start + len(body))
            body += value + b"\0"
    return head + tables[0] + tables[1] + body
