"""Errors of the evidence store: each message is one a person can act on."""


class EvidenceStoreError(Exception):
    """Base of every error that this library raises on purpose.

    The message is one plain sentence without secrets, fit to be shown to an operator.
    """


class AgeError(EvidenceStoreError):
    """Something about an age file or an age key is not as the specification demands."""


class InvalidKeyError(AgeError):
    """A recipient, identity or passphrase cannot be used. The message never repeats a secret."""


class HeaderError(AgeError):
    """The header of an age file cannot be parsed, or breaks a rule of the format."""


class NoMatchError(AgeError):
    """The header is sound, but none of the given identities opens it."""


class HeaderMacError(AgeError):
    """A file key came out, but the header's authentication code is wrong."""


class PayloadError(AgeError):
    """The encrypted content is damaged, truncated or extended."""


class ArmorError(AgeError):
    """The ASCII armor around an age file is not strictly well-formed."""


class NotFoundError(EvidenceStoreError):
    """The store holds no object of this name."""


class EmptyFileError(EvidenceStoreError):
    """A file of zero bytes was offered as evidence."""


class TooLargeError(EvidenceStoreError):
    """More bytes arrived than the stated limit allows."""


class OvertakenError(EvidenceStoreError):
    """Somebody else is writing the same object, or has written further than was believed."""


class ContentChangedError(EvidenceStoreError):
    """What is sent again is not what was sent, and partly written, before."""


class DamagedError(EvidenceStoreError):
    """Stored bytes are no longer what was written."""


class PacketError(EvidenceStoreError):
    """An evidence packet cannot be built or read."""


class InspectError(EvidenceStoreError):
    """A file could not be inspected safely."""
