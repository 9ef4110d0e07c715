"""Signing a packet: detached CMS (RFC 5652) that ``openssl cms -verify`` accepts.

ECDSA P-256 for a certificate made here, RSA or ECDSA for the organization's own. A
certificate made here proves that nothing changed since signing, not who signed; its
fingerprint therefore also stands in the dossier and on the receipt.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from evidence_store.errors import PacketError

# RFC 5280 section 4.1.2.5: the value for "has no well-defined expiration date". A packet
# must still verify when a case comes to court years later.
_NO_EXPIRY = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
UNREADABLE = (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm)
"""What reading a key or certificate raises when it is not one that can be used."""

_NAME_LENGTH = 64  # upper bound of a common name, RFC 5280 appendix A


class Signer:
    """A signing key with its certificate."""

    def __init__(
        self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, chain: list[x509.Certificate]
    ) -> None:
        """Use a key and its certificates.

        Args:
            key: Private key.
            chain: Certificate of this key first, then each issuer up to a self-signed one.

        Raises:
            PacketError: The certificates do not belong to the key or do not form a chain.
        """
        if not chain or chain[0].public_key() != key.public_key():
            raise PacketError("The first certificate does not belong to the signing key.")
        if not is_chain(chain):
            raise PacketError("The certificates must lead, one by one, to a self-signed one.")
        self._key = key
        self._chain = chain

    @classmethod
    def generate(cls, common_name: str, now: datetime) -> Signer:
        """Make a new key and a self-made certificate without expiry.

        Args:
            common_name: Who signs, for people to read; cut off after 64 characters.
            now: Present time, with its zone.

        Returns:
            The signer.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_NAME_LENGTH])])
        # Issuing moment hidden in the day, and a day's room for clocks that run behind.
        start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=1
        )
        # Only digital_signature of the nine uses; the names of the others say what they are not.
        usage = x509.KeyUsage(True, *[False] * 8)  # noqa: FBT003 - the nine by position, see above
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(_NO_EXPIRY)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        return cls(key, [certificate])

    @classmethod
    def from_pem(
        cls, key_pem: bytes, certificate_pem: bytes, password: bytes | None = None
    ) -> Signer:
        """Load a key and its certificates.

        Args:
            key_pem: Private key, ECDSA or RSA.
            certificate_pem: Its certificate first, then each issuer up to a self-signed one.
            password: Password of the key, if it has one.

        Returns:
            The signer.

        Raises:
            PacketError: The key or the certificates cannot be used.
        """
        try:
            key = serialization.load_pem_private_key(key_pem, password)
            chain = x509.load_pem_x509_certificates(certificate_pem)
        except UNREADABLE as error:
            raise PacketError("The signing key or its certificate cannot be read.") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise PacketError(
                "A packet is signed with an ECDSA or RSA key; openssl cms knows no other."
            )
        return cls(key, chain)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM without a password, for storage that encrypts it."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def certificate_pem(self) -> bytes:
        """All certificates in PEM, the signer's own first."""
        return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in self._chain)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the signer's certificate as ``openssl x509 -fingerprint`` prints it."""
        return fingerprint(self._chain[0])

    @property
    def self_made(self) -> bool:
        """Whether nobody but the signer vouches for the certificate."""
        return len(self._chain) == 1

    def sign_detached(self, data: bytes) -> bytes:
        """Sign bytes that are kept elsewhere.

        Args:
            data: What is signed.

        Returns:
            CMS SignedData in DER, without the data.
        """
        builder = pkcs7.PKCS7SignatureBuilder().set_data(data)
        builder = builder.add_signer(self._chain[0], self._key, hashes.SHA256())
        for certificate in self._chain[1:]:
            builder = builder.add_certificate(certificate)
        options = [
            pkcs7.PKCS7Options.DetachedSignature,
            pkcs7.PKCS7Options.Binary,
            pkcs7.PKCS7Options.NoCapabilities,
        ]
        return builder.sign(serialization.Encoding.DER, options)


def fingerprint(certificate: x509.Certificate) -> str:
    """Write the fingerprint of a certificate.

    Args:
        certificate: The certificate.

    Returns:
        SHA-256 over its DER form, upper-case hex pairs with colons.
    """
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def is_chain(chain: list[x509.Certificate]) -> bool:
    """Check that each certificate was issued by the next and the last by itself.

    Args:
        chain: Certificates, the signer's own first.

    Returns:
        Whether they form such a chain. Dates and uses are not looked at.
    """
    try:
        for certificate, issuer in zip(chain, [*chain[1:], chain[-1]], strict=True):
            certificate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True
