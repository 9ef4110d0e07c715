"""What can be wrong with a packet: stable codes with a Dutch sentence for each.

The codes are an interface for programs and do not change; the sentences are for the
coordinator or police officer who reads the report, and may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MESSAGES = {
    # The container
    "unreadable": "Dit pakket kan niet worden gelezen.",
    "not_a_zip": "Dit is geen zipbestand, of het is niet volledig: het einde ontbreekt.",
    "zip_structure": "De opbouw van het zipbestand klopt niet: {detail}.",
    "zip_bomb": "Dit bestand wordt bij het uitpakken veel te groot. Het is niet uitgepakt.",
    "duplicate_member": "Deze naam staat meer dan één keer in het zipbestand.",
    "unsafe_path": "Deze naam wijst naar een plek buiten het pakket. Pak het niet uit.",
    "not_a_file": "Dit is geen gewoon bestand, maar een verwijzing naar een andere plek.",
    "unsupported_member": "Dit bestand is versleuteld of op een ongewone manier ingepakt.",
    # Files and manifests
    "missing_file": "Dit bestand hoort in het pakket, maar ontbreekt.",
    "extra_file": "Dit bestand hoort niet in het pakket: het staat in geen enkele lijst.",
    "changed_file": "Dit bestand is veranderd: het past niet bij de vastgelegde controlewaarde.",
    "too_large": "Dit bestand is te groot om als onderdeel van het pakket te lezen.",
    "bad_manifest_line": "Regel {line} van deze lijst klopt niet.",
    "duplicate_manifest_line": "Regel {line} noemt een bestand dat al in deze lijst staat.",
    "bad_bag_declaration": "Dit bestand hoort te zeggen dat het pakket BagIt 1.0 in UTF-8 is.",
    "bad_bag_info": "De gegevens over het pakket kloppen niet: {detail}.",
    "bad_exhibit_list": "De bewijslijst kan niet worden gelezen.",
    "exhibit_mismatch": "De bewijslijst past niet bij dit bestand.",
    # Custody log
    "bad_checkpoint": "De stand van het logboek of de handtekening eronder klopt niet.",
    "bad_custody_line": "Regel {line} is niet te lezen als gebeurtenis uit het logboek.",
    "duplicate_event": "Regel {line} staat hier dubbel of niet op volgorde.",
    "changed_event": "Regel {line}: de besloten gegevens zijn niet die uit het logboek.",
    "bad_proof": "Regel {line} staat zo niet in het ondertekende logboek.",
    # Signature
    "missing_signature": "De handtekening ontbreekt.",
    "bad_certificate": "Het certificaat is niet te lezen, of de keten ervan klopt niet.",
    "certificate_mismatch": "De handtekening hoort niet bij dit certificaat.",
    "bad_signature": "De handtekening klopt niet.",
    "fingerprint_mismatch": "Dit certificaat heeft niet de vingerafdruk die u opgaf.",
}
"""Every fault code with its sentence."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        file: Path within the packet, or the packet's own name; safe to print.
        code: One of the keys of ``MESSAGES``.
        message: Dutch sentence.
    """

    file: str
    code: str
    message: str


@dataclass(frozen=True)
class VerifyReport:
    """What verifying a packet found.

    Attributes:
        faults: Everything that is wrong, in the order of checking.
        fingerprint: SHA-256 fingerprint of the signing certificate as ``openssl x509``
            prints it, to compare with the receipt; None if there is no such certificate.
    """

    faults: tuple[Fault, ...]
    fingerprint: str | None = None

    @property
    def ok(self) -> bool:
        """Whether everything in the packet holds."""
        return not self.faults

    def to_json(self) -> dict[str, Any]:
        """Put the report in the form that the command line prints.

        Returns:
            ``{"ok", "faults": [{"file", "code", "message"}], "fingerprint"}``.
        """
        faults = [{"file": f.file, "code": f.code, "message": f.message} for f in self.faults]
        return {"ok": self.ok, "faults": faults, "fingerprint": self.fingerprint}


class MemberError(Exception):
    """One file of a packet cannot be read; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        """Keep the fault.

        Args:
            fault: What to report.
        """
        super().__init__(fault.message)
        self.fault = fault


def make_fault(file: str, code: str, **details: object) -> Fault:
    """Describe a fault in the words of its code.

    Args:
        file: Path within the packet; whatever cannot be printed is escaped.
        code: One of the keys of ``MESSAGES``.
        details: What the sentence leaves open.

    Returns:
        The fault.
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in file)
    return Fault(shown, code, MESSAGES[code].format(**details))
