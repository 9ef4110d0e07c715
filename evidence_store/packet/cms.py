"""Checking a detached CMS signature (RFC 5652), strictly.

Only the form that packets use is accepted: one signer, SHA-256, signed attributes, the
certificate inside. Every part that no signature covers has one permitted value, so that no
byte of the file can change unnoticed.
"""

from __future__ import annotations

import hashlib
import warnings
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from evidence_store.packet.contents import CERTIFICATE, SIGNATURE
from evidence_store.packet.faults import Fault, make_fault
from evidence_store.packet.signer import UNREADABLE, is_chain

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_DATA = "1.2.840.113549.1.7.1"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_RSA = ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11")
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_DATA_DER = bytes.fromhex("2a864886f70d010701")
_OID_TAG, _OCTETS_TAG = b"\x06", b"\x04"


@asn1.sequence
class _Algorithm:
    oid: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _Attribute:
    oid: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _SignerInfo:
    version: int
    sid: _IssuerAndSerial
    digest: _Algorithm
    attributes: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    algorithm: _Algorithm
    signature: bytes


@asn1.sequence
class _NoContent:
    content_type: x509.ObjectIdentifier


@asn1.sequence
class _SignedData:
    version: int
    digests: asn1.SetOf[_Algorithm]
    content: _NoContent
    certificates: Annotated[asn1.SetOf[asn1.TLV], asn1.Implicit(0)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class _ContentInfo:
    content_type: x509.ObjectIdentifier
    signed: Annotated[_SignedData, asn1.Explicit(0)]


def check_signature(signature: bytes, content: bytes, certificates_pem: bytes) -> list[Fault]:
    """Check the signature of a packet against its content and certificate.

    Args:
        signature: CMS SignedData in DER, without content.
        content: The bytes that were signed.
        certificates_pem: The signer's certificate in PEM, then its issuers.

    Returns:
        What is wrong; empty when the signature holds.
    """
    chain = read_chain(certificates_pem)
    if chain is None:
        return [make_fault(CERTIFICATE, "bad_certificate")]
    try:
        info = asn1.decode_der(_ContentInfo, signature)
        signer = _only_signer(info) if asn1.encode_der(info) == signature else None
    except UNREADABLE:
        return [make_fault(SIGNATURE, "bad_signature")]
    inside = {_parts(value) for value in info.signed.certificates.as_list()}
    if inside != {_split(certificate.public_bytes(Encoding.DER)) for certificate in chain}:
        return [make_fault(SIGNATURE, "certificate_mismatch")]
    if signer is None or not _names(signer, chain[0]) or not _signed(signer, content, chain[0]):
        return [make_fault(SIGNATURE, "bad_signature")]
    return []


def read_chain(certificates_pem: bytes) -> list[x509.Certificate] | None:
    """Read the certificates of a packet.

    Args:
        certificates_pem: Certificates in PEM, the signer's own first.

    Returns:
        The certificates, or None if they cannot be read or form no chain.
    """
    try:
        with warnings.catch_warnings():
            # The library only warns of certificates that it will refuse one day.
            warnings.simplefilter("error")
            chain = x509.load_pem_x509_certificates(certificates_pem)
            return chain if chain and is_chain(chain) else None
    except (*UNREADABLE, UserWarning):
        return None


def _only_signer(info: _ContentInfo) -> _SignerInfo | None:
    signed, signers = info.signed, info.signed.signers.as_list()
    digests = signed.digests.as_list()
    expected = (
        info.content_type.dotted_string == _SIGNED_DATA
        and signed.content.content_type.dotted_string == _DATA
        and signed.version == 1
        and len(signers) == len(digests) == 1
        and signers[0].version == 1
        and {digests[0].oid.dotted_string, signers[0].digest.oid.dotted_string} == {_SHA256}
    )
    return signers[0] if expected else None


def _names(signer: _SignerInfo, certificate: x509.Certificate) -> bool:
    issuer = _split(certificate.issuer.public_bytes())
    return signer.sid.serial == certificate.serial_number and _parts(signer.sid.issuer) == issuer


def _parts(value: asn1.TLV) -> tuple[bytes, bytes]:
    return bytes(value.tag_bytes), bytes(value.data)


def _split(der: bytes) -> tuple[bytes, bytes]:
    """Part the tag from the content of a DER value that is known to be sound."""
    short = der[1] < 0x80  # noqa: PLR2004 - X.690 section 8.1.3: the long form sets the high bit
    return der[:1], der[2:] if short else der[2 + (der[1] & 0x7F) :]


def _signed(signer: _SignerInfo, content: bytes, certificate: x509.Certificate) -> bool:
    attributes = {a.oid.dotted_string: a.values.as_list() for a in signer.attributes.as_list()}
    wanted = {
        _CONTENT_TYPE: (_OID_TAG, _DATA_DER),
        _MESSAGE_DIGEST: (_OCTETS_TAG, hashlib.sha256(content).digest()),
    }
    for oid, expected in wanted.items():
        if [_parts(value) for value in attributes.get(oid, [])] != [expected]:
            return False
    # RFC 5652 section 5.4: what is signed is the attributes in their own SET OF encoding.
    return _holds(signer, asn1.encode_der(signer.attributes), certificate)


def _holds(signer: _SignerInfo, signed: bytes, certificate: x509.Certificate) -> bool:
    algorithm = signer.algorithm.oid.dotted_string
    try:
        key = certificate.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm == _ECDSA_SHA256:
            key.verify(signer.signature, signed, ec.ECDSA(hashes.SHA256()))
            return True
        if isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA:
            key.verify(signer.signature, signed, padding.PKCS1v15(), hashes.SHA256())
            return True
    except (*UNREADABLE, InvalidSignature):
        pass
    return False
