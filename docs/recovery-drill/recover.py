# ruff: noqa: INP001, T201 - a script that stands alone and speaks on standard output
"""Get every original back without the portal: two printed keys, the database, the objects.

Needs Python 3.11 with its standard library and the stock `age` program; nothing of the portal.

    python3 recover.py portal.sqlite3 evidence/ first-key.txt second-key.txt out/

Writes every original under its name to a new folder, checks its SHA-256, and writes what was
told and noted as JSON. Exit code 0 when all of it came out, 1 when something did not.
"""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path


def age(identity: str, data: bytes) -> bytes | None:
    """Open an age file with one identity; None when it is not meant for it."""
    read_end, write_end = os.pipe()
    os.write(write_end, identity.encode())
    os.close(write_end)
    command = ["age", "--decrypt", "-i", f"/dev/fd/{read_end}"]
    done = subprocess.run(
        command, input=data, capture_output=True, pass_fds=[read_end], check=False
    )
    os.close(read_end)
    return done.stdout if done.returncode == 0 else None


def age_file(identity: str, source: Path, target: Path) -> bool:
    """Open a large age file into another file."""
    read_end, write_end = os.pipe()
    os.write(write_end, identity.encode())
    os.close(write_end)
    command = ["age", "--decrypt", "-i", f"/dev/fd/{read_end}", "-o", str(target), str(source)]
    done = subprocess.run(command, stderr=subprocess.DEVNULL, pass_fds=[read_end], check=False)
    os.close(read_end)
    return done.returncode == 0


def record(plain: bytes) -> dict:
    """Read a sealed record: JSON, filled up with spaces."""
    return json.loads(plain)["body"]


def open_pairs(database: sqlite3.Connection, first: str, second: str) -> dict[str, str]:
    """Open every key that is sealed to this pair: one layer is for each of the two."""
    opened: dict[str, str] = {}
    rows = database.execute("SELECT compartment_id, sealed FROM wrap WHERE holder_kind = 'pair'")
    for compartment, sealed in rows:
        for outer, inner in ((first, second), (second, first)):
            layer = age(outer, sealed) if compartment not in opened else None
            plain = age(inner, layer) if layer is not None else None
            if plain is not None:
                opened[compartment] = record(plain)["identity"]
    return opened


def open_reports(database: sqlite3.Connection, opened: dict[str, str]) -> None:
    """Open the keys of reports, which are sealed to the keys of their cases."""
    rows = database.execute(
        "SELECT compartment_id, holder_id, sealed FROM wrap WHERE holder_kind = 'case'"
    )
    for compartment, case_key, sealed in rows:
        plain = age(opened[case_key], sealed) if case_key in opened else None
        if plain is not None:
            opened[compartment] = record(plain)["identity"]


def write_originals(
    database: sqlite3.Connection, objects: Path, opened: dict[str, str], out: Path
) -> list[str]:
    """Write every original that the keys open; gives what went wrong."""
    faults = []
    rows = database.execute(
        "SELECT item.id, item.report_id, item.object_id, item.compartment_id, record.ciphertext,"
        " item.sealed_record_id FROM evidence_item AS item"
        " JOIN record ON record.id = COALESCE(item.sealed_record_id, item.record_id)"
        " ORDER BY item.report_id, item.id"
    ).fetchall()
    for item, report, name, compartment, sealed, kept in rows:
        identity = opened.get(compartment)
        plain = age(identity, sealed) if identity else None
        if plain is None:
            faults.append(f"{item}: these two keys do not open it")
            continue
        about = record(plain)
        folder = out / report
        folder.mkdir(exist_ok=True)
        start = "verzegeld-" if kept else ""
        target = folder / f"{start}{item}-{safe(about['name'])}"
        if not age_file(identity, objects / name[:2] / name, target):
            faults.append(f"{item}: object {name} is missing or damaged")
        elif sha256(target) != about["sha256"]:
            faults.append(f"{item}: the SHA-256 differs from the one taken when it came in")
        else:
            print(f"{about['sha256']}  {target}")
    return faults


def write_records(database: sqlite3.Connection, opened: dict[str, str], out: Path) -> None:
    """Write stories, messages, notes and steps as they were sealed, one JSON object on a line."""
    rows = database.execute(
        "SELECT id, kind, report_id, case_id, compartment_id, ciphertext FROM record"
        " ORDER BY case_id, report_id, at, id"
    )
    with (out / "records.jsonl").open("w", encoding="utf-8") as file:
        for row in rows:
            plain = age(opened[row[4]], row[5]) if row[4] in opened else None
            if plain is not None:
                told = {"id": row[0], "kind": row[1], "report": row[2], "case": row[3]}
                file.write(json.dumps(told | {"body": record(plain)}, ensure_ascii=False) + "\n")


def safe(name: str) -> str:
    """Give a name that can be no path."""
    return "".join(sign if sign.isalnum() or sign in " ._-" else "_" for sign in name)[-100:]


def sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_in(path: Path) -> str:
    """Read a printed key back: the one line that begins with AGE-SECRET-KEY-."""
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    keys = [line for line in lines if line.upper().startswith("AGE-SECRET-KEY-")]
    if len(keys) != 1:
        sys.exit(f"{path}: expected one line that begins with AGE-SECRET-KEY-")
    return keys[0].upper() + "\n"


def main() -> int:
    """Run the drill."""
    try:
        database_file, objects, first, second, out = map(Path, sys.argv[1:])
    except ValueError:
        print(__doc__, file=sys.stderr)
        return 2
    os.umask(0o077)
    out.mkdir(parents=True)
    database = sqlite3.connect(f"{database_file.resolve().as_uri()}?mode=ro", uri=True)
    opened = open_pairs(database, key_in(first), key_in(second))
    if not opened:
        print("these two keys together open nothing in this database", file=sys.stderr)
        return 1
    open_reports(database, opened)
    write_records(database, opened, out)
    faults = write_originals(database, objects, opened, out)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
