"""The tables, one file per aggregate; no queries here."""

from portal.models.acute import AcuteAlarm, AcuteCall, DutyContact
from portal.models.base import Base, new_id
from portal.models.case import Case, CaseReader
from portal.models.casework import Approval, CaseTask, OwnNote
from portal.models.check import CheckRound
from portal.models.custody import CustodyCheckpoint, CustodyEvent, CustodyHead
from portal.models.desk import Absence, DutyTurn
from portal.models.evidence import Derivative, EvidenceItem
from portal.models.outbox import OutboxMail, WorkerLease
from portal.models.report import Compartment, Record, Report, ReporterCode, Wrap
from portal.models.school import (
    ProtocolSnapshot,
    RecoveryHolder,
    School,
    SchoolClass,
    SchoolPicture,
)
from portal.models.session import LiveSession
from portal.models.staff import StaffMember, StaffRole, StaffSlot
from portal.models.upload import Upload

__all__ = [
    "Absence",
    "AcuteAlarm",
    "AcuteCall",
    "Approval",
    "Base",
    "Case",
    "CaseReader",
    "CaseTask",
    "CheckRound",
    "Compartment",
    "CustodyCheckpoint",
    "CustodyEvent",
    "CustodyHead",
    "Derivative",
    "DutyContact",
    "DutyTurn",
    "EvidenceItem",
    "LiveSession",
    "OutboxMail",
    "OwnNote",
    "ProtocolSnapshot",
    "Record",
    "RecoveryHolder",
    "Report",
    "ReporterCode",
    "School",
    "SchoolClass",
    "SchoolPicture",
    "StaffMember",
    "StaffRole",
    "StaffSlot",
    "Upload",
    "WorkerLease",
    "Wrap",
    "new_id",
]
