"""Bech32 as age uses it: BIP 173 without the limit of 90 characters."""

from functools import reduce
from operator import xor

from evidence_store.errors import InvalidKeyError

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
# What the five top bits of the running check add, looked up instead of worked out bit by bit.
_FEEDBACK = tuple(
    reduce(xor, (term for i, term in enumerate(_GENERATOR) if top >> i & 1), 0) for top in range(32)
)
_CHECKSUM_LENGTH = 6
_FIRST_PRINTABLE, _LAST_PRINTABLE = 33, 126


def encode(prefix: str, data: bytes) -> str:
    """Encode bytes as a lower-case Bech32 string.

    Args:
        prefix: the human-readable part, lower case.
        data: the bytes to carry.

    Returns:
        The prefix, the separator ``1``, the data in groups of five bits and six check characters.
    """
    groups = _regroup(data, 8, 5, pad=True)
    check = _polymod([*_expand(prefix), *groups, *([0] * _CHECKSUM_LENGTH)]) ^ 1
    tail = [(check >> 5 * (5 - i)) & 31 for i in range(_CHECKSUM_LENGTH)]
    return prefix + "1" + "".join(_ALPHABET[group] for group in [*groups, *tail])


def decode(text: str) -> tuple[str, bytes]:
    """Decode a Bech32 string.

    Args:
        text: a string all in upper case or all in lower case.

    Returns:
        The prefix in lower case and the bytes.

    Raises:
        InvalidKeyError: for mixed case, an unknown character, a wrong checksum or loose bits;
            the message never repeats the string.
    """
    if text not in (text.lower(), text.upper()):
        raise _malformed()
    prefix, separator, rest = text.lower().rpartition("1")
    if not separator or not prefix or len(rest) < _CHECKSUM_LENGTH:
        raise _malformed()
    if not all(_FIRST_PRINTABLE <= ord(char) <= _LAST_PRINTABLE for char in prefix):
        raise _malformed()
    groups = [_ALPHABET.find(char) for char in rest]
    if -1 in groups or _polymod([*_expand(prefix), *groups]) != 1:
        raise _malformed()
    return prefix, bytes(_regroup(groups[:-_CHECKSUM_LENGTH], 5, 8, pad=False))


def _malformed() -> InvalidKeyError:
    return InvalidKeyError("the key is mistyped or incomplete: its check characters do not fit")


def _expand(prefix: str) -> list[int]:
    return [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]


def _polymod(groups: list[int]) -> int:
    check = 1
    for group in groups:
        check = (check & 0x1FFFFFF) << 5 ^ group ^ _FEEDBACK[check >> 25]
    return check


def _regroup(values: bytes | list[int], source: int, target: int, *, pad: bool) -> list[int]:
    accumulator = bits = 0
    result: list[int] = []
    for value in values:
        accumulator = (accumulator << source | value) & 0xFFFF
        bits += source
        while bits >= target:
            bits -= target
            result.append(accumulator >> bits & ((1 << target) - 1))
    rest = accumulator & ((1 << bits) - 1)
    if pad and bits:
        result.append(rest << (target - bits))
    elif not pad and (bits >= source or rest):
        raise _malformed()
    return result
