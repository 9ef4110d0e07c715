"""Recipients and identities of age v1: X25519 and scrypt (C2SP age, "Native recipient types")."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from evidence_store.age import bech32
from evidence_store.age.header import (
    FILE_KEY_SIZE,
    Stanza,
    decode_base64,
    encode_base64,
    hkdf,
)
from evidence_store.errors import HeaderError, InvalidKeyError

KEY_SIZE = 32
"""Bytes of an X25519 public or secret key."""
_RECIPIENT_PREFIX = "age"
_IDENTITY_PREFIX = "age-secret-key-"
_X25519_LABEL = b"age-encryption.org/v1/X25519"
_SCRYPT_LABEL = b"age-encryption.org/v1/scrypt"
_SALT_SIZE = 16
_BODY_SIZE = FILE_KEY_SIZE + 16
_ZERO_NONCE = bytes(12)
_WORK_FACTOR = re.compile(r"[1-9][0-9]*")


class AnyRecipient(Protocol):
    """Whatever can wrap a file key into one stanza."""

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap a file key.

        Args:
            file_key: 16 bytes.

        Returns:
            The stanza for the header.
        """
        ...


class AnyIdentity(Protocol):
    """Whatever can get a file key out of a header."""

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Look for a stanza that this identity opens.

        Args:
            stanzas: all stanzas of one header.

        Returns:
            The 16 bytes of the file key, or None when no stanza is meant for this identity.

        Raises:
            HeaderError: when a stanza of this identity's type is malformed.
        """
        ...


@dataclass(frozen=True)
class Recipient:
    """The public half of an X25519 key pair: who may read.

    Attributes:
        public: the 32 bytes of the public key.
    """

    public: bytes

    @classmethod
    def parse(cls, text: str) -> "Recipient":
        """Read a recipient from its written form.

        Args:
            text: a Bech32 string beginning with ``age1``.

        Returns:
            The recipient.

        Raises:
            InvalidKeyError: when the text is no X25519 recipient, or a point that would make
                every secret shared with it zero.
        """
        return cls(_usable_point(text.strip()))

    def __str__(self) -> str:
        """Return the written form, beginning with ``age1``."""
        return bech32.encode(_RECIPIENT_PREFIX, self.public)

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap a file key for this recipient.

        Args:
            file_key: 16 bytes.

        Returns:
            An ``X25519`` stanza with a fresh ephemeral key.

        Raises:
            InvalidKeyError: when the public key is not usable.
        """
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        try:
            shared = _exchange(ephemeral, self.public)
        except ValueError as error:
            message = "this age recipient is not a usable key"
            raise InvalidKeyError(message) from error
        key = hkdf(shared, share + self.public, _X25519_LABEL)
        return Stanza(("X25519", encode_base64(share)), _seal(key, file_key))


class Identity:
    """The secret half of an X25519 key pair: what opens. Its repr shows the recipient only."""

    __slots__ = ("_private", "recipient")

    def __init__(self, private: X25519PrivateKey) -> None:
        """Wrap a private key.

        Args:
            private: the X25519 private key.
        """
        self._private = private
        self.recipient = Recipient(private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> "Identity":
        """Make a new identity from the operating system's random source.

        Returns:
            The identity.
        """
        return cls(X25519PrivateKey.generate())

    @classmethod
    def from_secret(cls, secret: bytes) -> "Identity":
        """Make the identity that a secret determines, for instance a derivation's output.

        Args:
            secret: 32 bytes.

        Returns:
            The identity.

        Raises:
            InvalidKeyError: when the secret is not 32 bytes.
        """
        if len(secret) != KEY_SIZE:
            message = "an age identity needs a secret of 32 bytes"
            raise InvalidKeyError(message)
        return cls(X25519PrivateKey.from_private_bytes(secret))

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """Read an identity from its written form.

        Args:
            text: a Bech32 string beginning with ``AGE-SECRET-KEY-1``.

        Returns:
            The identity.

        Raises:
            InvalidKeyError: when the text is no X25519 identity; it is never repeated.
        """
        prefix, secret = bech32.decode(text.strip())
        if prefix != _IDENTITY_PREFIX or len(secret) != KEY_SIZE:
            message = "this is not an age identity (AGE-SECRET-KEY-1 and 58 characters)"
            raise InvalidKeyError(message)
        return cls.from_secret(secret)

    def __str__(self) -> str:
        """Return the written form, beginning with ``AGE-SECRET-KEY-1``. It is the secret."""
        return bech32.encode(_IDENTITY_PREFIX, self._private.private_bytes_raw()).upper()

    def __repr__(self) -> str:
        """Return a form for logs, without the secret."""
        return f"Identity({self.recipient})"

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Look for an ``X25519`` stanza that this identity opens.

        Args:
            stanzas: all stanzas of one header.

        Returns:
            The 16 bytes of the file key, or None.

        Raises:
            HeaderError: when an ``X25519`` stanza is malformed or its point is of low order.
        """
        for stanza in stanzas:
            if stanza.arguments[0] == "X25519":
                file_key = self._open(stanza)
                if file_key is not None:
                    return file_key
        return None

    def _open(self, stanza: Stanza) -> bytes | None:
        share = decode_base64(_fields(stanza, 2)[1].encode("ascii"))
        if len(share) != KEY_SIZE:
            raise _malformed()
        try:
            shared = _exchange(self._private, share)
        except ValueError as error:
            raise _malformed() from error
        key = hkdf(shared, share + self.recipient.public, _X25519_LABEL)
        return _unseal(key, stanza.body)


@dataclass(frozen=True)
class ScryptRecipient:
    """A passphrase as the only recipient of a file.

    Attributes:
        passphrase: the passphrase; never shown by repr.
        work_factor: base-two logarithm of the scrypt cost; 18 takes 256 MiB.
    """

    passphrase: str = field(repr=False)
    work_factor: int = 18

    def wrap(self, file_key: bytes) -> Stanza:
        """Wrap a file key with the passphrase.

        Args:
            file_key: 16 bytes.

        Returns:
            A ``scrypt`` stanza, which must stand alone in its header.

        Raises:
            InvalidKeyError: when the passphrase is empty.
        """
        if not self.passphrase:
            message = "an empty passphrase protects nothing"
            raise InvalidKeyError(message)
        salt = os.urandom(_SALT_SIZE)
        key = _stretch(self.passphrase, salt, self.work_factor)
        arguments = ("scrypt", encode_base64(salt), str(self.work_factor))
        return Stanza(arguments, _seal(key, file_key))


@dataclass(frozen=True)
class ScryptIdentity:
    """A passphrase that may open a file.

    Attributes:
        passphrase: the passphrase; never shown by repr.
        max_work_factor: the dearest derivation to accept (base-two logarithm; 20 takes 1 GiB),
            because the file, not the reader, names the cost.
    """

    passphrase: str = field(repr=False)
    max_work_factor: int = 20

    def unwrap(self, stanzas: Sequence[Stanza]) -> bytes | None:
        """Try the passphrase on the header's ``scrypt`` stanza.

        Args:
            stanzas: all stanzas of one header.

        Returns:
            The 16 bytes of the file key, or None.

        Raises:
            HeaderError: when the stanza is malformed or asks for too much work.
        """
        for stanza in stanzas:
            if stanza.arguments[0] == "scrypt":
                return self._open(stanza)
        return None

    def _open(self, stanza: Stanza) -> bytes | None:
        _, encoded_salt, factor = _fields(stanza, 3)
        salt = decode_base64(encoded_salt.encode("ascii"))
        if len(salt) != _SALT_SIZE or not _WORK_FACTOR.fullmatch(factor):
            raise _malformed()
        # Lengths first: int() of a very long number is work of its own.
        if len(factor) > len(str(self.max_work_factor)) or int(factor) > self.max_work_factor:
            message = "opening this file by passphrase would take too much work"
            raise HeaderError(message)
        return _unseal(_stretch(self.passphrase, salt, int(factor)), stanza.body)


def check_mix(stanzas: Sequence[Stanza]) -> None:
    """Refuse a header in which a passphrase does not stand alone.

    Args:
        stanzas: all stanzas of one header.

    Raises:
        HeaderError: when a ``scrypt`` stanza has company.
    """
    if len(stanzas) > 1 and any(stanza.arguments[0] == "scrypt" for stanza in stanzas):
        message = "a passphrase must be the only recipient of a file"
        raise HeaderError(message)


def parse_identities(text: str) -> list[Identity]:
    """Read an identity file as ``age -i`` takes it.

    Args:
        text: one identity on a line; empty lines and lines beginning with ``#`` are skipped.

    Returns:
        The identities, at least one.

    Raises:
        InvalidKeyError: when a line is no identity, or there is none; no line is repeated.
    """
    lines: Iterable[str] = (line.strip() for line in text.splitlines())
    identities = [Identity.parse(line) for line in lines if line and not line.startswith("#")]
    if not identities:
        message = "the identity file holds no identity"
        raise InvalidKeyError(message)
    return identities


# One report is sealed many times to the same few people. Only public keys come in here, and a
# text that is none is not remembered.
@lru_cache(maxsize=1024)
def _usable_point(text: str) -> bytes:
    prefix, public = bech32.decode(text)
    if prefix != _RECIPIENT_PREFIX or len(public) != KEY_SIZE:
        message = "this is not an age recipient (age1 and 58 characters)"
        raise InvalidKeyError(message)
    try:
        _exchange(X25519PrivateKey.generate(), public)
    except ValueError as error:
        message = "this age recipient is not a usable key"
        raise InvalidKeyError(message) from error
    return public


def _exchange(private: X25519PrivateKey, public: bytes) -> bytes:
    """Return the shared secret; an all-zero one is a ValueError of `cryptography`."""
    return private.exchange(X25519PublicKey.from_public_bytes(public))


def _stretch(passphrase: str, salt: bytes, work_factor: int) -> bytes:
    kdf = Scrypt(salt=_SCRYPT_LABEL + salt, length=KEY_SIZE, n=1 << work_factor, r=8, p=1)
    return kdf.derive(passphrase.encode("utf-8"))


def _fields(stanza: Stanza, count: int) -> tuple[str, ...]:
    if len(stanza.arguments) != count or len(stanza.body) != _BODY_SIZE:
        raise _malformed()
    return stanza.arguments


def _seal(key: bytes, file_key: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(_ZERO_NONCE, file_key, None)


def _unseal(key: bytes, body: bytes) -> bytes | None:
    try:
        return ChaCha20Poly1305(key).decrypt(_ZERO_NONCE, body, None)
    except InvalidTag:
        return None


def _malformed() -> HeaderError:
    return HeaderError("the header of the encrypted file is damaged: a recipient is malformed")
