"""Evidence packets: a signed BagIt 1.0 zip that anyone can check with stock tools.

``stream_packet`` writes one without a temporary file; ``verify_packet`` names everything
that is wrong with one. ``docs/formats.md`` describes the format.
"""

from evidence_store.packet.contents import DisclosedEvent, PacketContents, PacketItem
from evidence_store.packet.faults import MESSAGES, Fault, VerifyReport
from evidence_store.packet.signer import Signer
from evidence_store.packet.verify import verify_packet
from evidence_store.packet.write import stream_packet

__all__ = [
    "MESSAGES",
    "DisclosedEvent",
    "Fault",
    "PacketContents",
    "PacketItem",
    "Signer",
    "VerifyReport",
    "stream_packet",
    "verify_packet",
]
