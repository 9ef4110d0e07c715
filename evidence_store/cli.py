"""The command `evidence-store`: keys, taking in, giving out, checking.

Exit codes: 0 done; 1 done, and something is damaged; 2 could not be done. A failure is one line
on standard error, never a traceback, and leaves nothing behind in the store.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from evidence_store.age import Identity, Recipient, parse_identities
from evidence_store.backends import LocalBackend
from evidence_store.errors import EvidenceStoreError, NotFoundError
from evidence_store.store import EvidenceStore, FsckReport

_OK, _DAMAGED, _FAILED = 0, 1, 2
_MAX_IDENTITY_FILE = 1 << 20
_READ_SIZE = 1 << 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments after the command's name; None for those of the process.

    Returns:
        The exit code.
    """
    # So that a part file also goes when the command is stopped from outside.
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        return _run(argv)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = _parser().parse_args(argv)
        run: Callable[[argparse.Namespace], int] = arguments.run
        code = run(arguments)
        with _output():
            sys.stdout.flush()
    except EvidenceStoreError as error:
        return _fail(str(error))
    except OSError as error:
        name = f": {_printable(str(error.filename))}" if error.filename else ""
        return _fail(f"{error.strerror or type(error).__name__}{name}")
    except KeyboardInterrupt:
        return _fail("interrupted")
    except Exception as error:  # noqa: BLE001 - the contract is one line, whatever happens
        return _fail(f"unexpected {type(error).__name__}; please report this")
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line instead of printing the usage."""
        self.exit(_FAILED, f"{self.prog}: {_printable(message)}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="evidence-store", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    keygen = commands.add_parser("keygen", help="print a new age identity and its recipient")
    keygen.set_defaults(run=_keygen)

    put = commands.add_parser("put", help="take a file in")
    put.add_argument("store", metavar="STORE", type=Path)
    put.add_argument("file", metavar="FILE", type=Path)
    put.add_argument("--to", metavar="RECIPIENT", nargs="+", action="extend", required=True)
    put.add_argument("--json", action="store_true", help="print one JSON object")
    put.set_defaults(run=_put)

    get = commands.add_parser("get", help="write the original to standard output")
    get.add_argument("store", metavar="STORE", type=Path)
    get.add_argument("id", metavar="ID")
    get.add_argument("-i", "--identity", metavar="IDENTITY_FILE", type=Path, required=True)
    get.set_defaults(run=_get)

    fsck = commands.add_parser("fsck", help="check a store; exit 1 when something is damaged")
    fsck.add_argument("store", metavar="STORE", type=Path)
    fsck.add_argument("--read-all", action="store_true", help="hash every object")
    fsck.add_argument("--json", action="store_true", help="print one JSON object")
    fsck.set_defaults(run=_fsck)

    inspect = commands.add_parser("inspect", help="tell what a file is, without executing it")
    inspect.add_argument("file", metavar="FILE", type=Path)
    inspect.add_argument("--json", action="store_true", help="print one JSON object")
    inspect.set_defaults(run=_inspect)

    verify = commands.add_parser("verify", help="check a packet; exit 1 with each fault named")
    verify.add_argument("packet", metavar="PACKET", type=Path)
    verify.add_argument("--json", action="store_true", help="print one JSON object")
    verify.set_defaults(run=_verify)
    return parser


def _keygen(_: argparse.Namespace) -> int:
    identity = Identity.generate()
    print(f"# recipient: {identity.recipient}")
    print(identity)
    return _OK


def _put(arguments: argparse.Namespace) -> int:
    recipients = [Recipient.parse(text) for text in dict.fromkeys(arguments.to)]
    # Unbuffered: a buffered read of a pipe does not notice that the command is being stopped.
    with arguments.file.open("rb", buffering=0) as source:
        item = EvidenceStore(LocalBackend(arguments.store)).take_in(source, recipients)
    answer = {
        "id": item.id,
        "sha256": item.sha256,
        "size": item.size,
        "ciphertext_sha256": item.ciphertext_sha256,
    }
    _print_answer(answer, as_json=arguments.json)
    return _OK


def _get(arguments: argparse.Namespace) -> int:
    store = _existing_store(arguments.store)
    with arguments.identity.open("rb") as source:
        text = source.read(_MAX_IDENTITY_FILE).decode("utf-8", "replace")
    with store.open(arguments.id, parse_identities(text)) as original:
        for offset in range(0, original.size, _READ_SIZE):
            piece = original.read_at(offset, _READ_SIZE)
            with _output():
                sys.stdout.buffer.write(piece)
    return _OK


def _fsck(arguments: argparse.Namespace) -> int:
    report = _existing_store(arguments.store).fsck(read_all=arguments.read_all)
    if arguments.json:
        print(json.dumps({**dataclasses.asdict(report), "ok": report.ok}))
    else:
        _print_report(report)
    return _OK if report.ok else _DAMAGED


def _print_report(report: FsckReport) -> None:
    for name in report.orphans:
        print(f"orphan {name}: an object without a record, as a crash leaves it; not damage")
    for name in report.parts:
        print(f"part {name}: an object that was never finished; not damage")
    for damage in report.damage:
        print(f"damaged {damage.id}: {damage.code}: {damage.message}")
    print(f"{len(report.objects)} objects, {len(report.damage)} damaged")


def _inspect(arguments: argparse.Namespace) -> int:
    from evidence_store.inspect import describe  # noqa: PLC0415 - loads the sandbox

    facts = describe(arguments.file, name=arguments.file.name)
    _print_answer(facts, as_json=arguments.json)
    return _OK


def _verify(arguments: argparse.Namespace) -> int:
    from evidence_store.packet import verify_packet  # noqa: PLC0415 - loads certificates and zip

    arguments.packet.stat()  # No such file is a mistake of the caller, not a fault of the packet.
    faults = [dataclasses.asdict(fault) for fault in verify_packet(arguments.packet).faults]
    if arguments.json:
        print(json.dumps({"ok": not faults, "faults": faults}))
    elif faults:
        for fault in faults:
            print(_printable(f"{fault['file']}: {fault['code']}: {fault['message']}"))
    else:
        print("everything in the packet holds")
    return _DAMAGED if faults else _OK


@contextlib.contextmanager
def _output() -> Iterator[None]:
    """Give up standard output once it failed, or the interpreter complains again while it ends."""
    try:
        yield
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _existing_store(path: Path) -> EvidenceStore:
    if not path.is_dir():
        message = f"there is no store at {_printable(str(path))}"
        raise NotFoundError(message)
    return EvidenceStore(LocalBackend(path))


def _print_answer(answer: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer))
        return
    for key, value in answer.items():
        print(_printable(f"{key}: {value}"))


def _printable(text: str) -> str:
    """Keep a message on one line and free of control characters, whatever a file is called."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _fail(message: str) -> int:
    print(f"evidence-store: {_printable(message)}", file=sys.stderr)
    return _FAILED


def _stop(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
