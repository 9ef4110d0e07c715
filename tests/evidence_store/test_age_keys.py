"""Keys in their written form, and what is refused as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_store import age
from evidence_store.age import bech32
from evidence_store.errors import HeaderError, InvalidKeyError, NoMatchError

# The example keys of the age specification.
SECRET = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"


def test_the_examples_of_the_specification() -> None:
    identity = age.Identity.parse(SECRET)
    assert str(identity) == SECRET
    assert str(identity.recipient) == RECIPIENT
    assert age.Recipient.parse(RECIPIENT) == identity.recipient
    assert str(age.Identity.from_secret(b"\x42" * 32)) == SECRET


def test_upper_and_lower_case_are_the_same_key() -> None:
    assert age.Recipient.parse(RECIPIENT.upper()) == age.Recipient.parse(RECIPIENT)
    assert str(age.Identity.parse(SECRET.lower())) == SECRET


def test_generated_keys_differ() -> None:
    assert str(age.Identity.generate()) != str(age.Identity.generate())


@given(st.binary(min_size=32, max_size=32))
def test_written_form_round_trip(secret: bytes) -> None:
    identity = age.Identity.from_secret(secret)
    again = age.Identity.parse(str(identity))
    assert again.recipient == identity.recipient
    assert age.Recipient.parse(str(identity.recipient)) == identity.recipient


@given(st.binary(max_size=100), st.sampled_from(["age", "age-secret-key-", "x"]))
def test_bech32_round_trip(data: bytes, prefix: str) -> None:
    assert bech32.decode(bech32.encode(prefix, data)) == (prefix, data)


def test_one_wrong_character_is_noticed() -> None:
    for position in range(4, len(RECIPIENT)):
        other = "q" if RECIPIENT[position] != "q" else "p"
        with pytest.raises(InvalidKeyError):
            age.Recipient.parse(RECIPIENT[:position] + other + RECIPIENT[position + 1 :])


LOW_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
]


@pytest.mark.parametrize("point", LOW_ORDER)
def test_low_order_recipients_are_refused(point: bytes) -> None:
    with pytest.raises(InvalidKeyError):
        age.Recipient.parse(bech32.encode("age", point))
    with pytest.raises(InvalidKeyError):
        age.encrypt(b"", [age.Recipient(point)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "age1",
        "1",
        RECIPIENT[:-1],
        RECIPIENT + "q",
        RECIPIENT.replace("age1z", "age1Z"),
        SECRET,
        "age1é" + RECIPIENT[5:],
        "ssh-ed25519 AAAA",
        bech32.encode("age", b"short"),
        bech32.encode("agf", b"\x09" * 32),
        bech32.encode("age1pq", b"\x09" * 32),
    ],
)
def test_what_is_no_recipient(text: str) -> None:
    with pytest.raises(InvalidKeyError):
        age.Recipient.parse(text)


def test_errors_and_repr_never_show_a_secret() -> None:
    identity = age.Identity.parse(SECRET)
    assert repr(identity) == f"Identity({RECIPIENT})"
    assert "GFPYY" not in repr(identity)
    assert "geheim" not in repr(age.ScryptRecipient("geheim")) + repr(age.ScryptIdentity("geheim"))
    damaged = SECRET[:-1] + "Q"
    for call in (age.Identity.parse, age.parse_identities, age.Recipient.parse):
        with pytest.raises(InvalidKeyError) as caught:
            call(damaged)
        assert "GFPYY" not in str(caught.value).upper()


def test_identity_files() -> None:
    text = f"# created: on some day\n# public key: {RECIPIENT}\n\n  {SECRET}\r\n"
    assert [str(identity) for identity in age.parse_identities(text)] == [SECRET]
    for text in ("", "# nothing\n", "nonsense", f"{SECRET}\nnonsense\n"):
        with pytest.raises(InvalidKeyError):
            age.parse_identities(text)


def test_secrets_of_another_length() -> None:
    for size in (0, 31, 33):
        with pytest.raises(InvalidKeyError):
            age.Identity.from_secret(bytes(size))


def test_no_recipient_at_all() -> None:
    with pytest.raises(InvalidKeyError):
        age.encrypt(b"data", [])


def test_passphrase() -> None:
    data = age.encrypt(b"data", [age.ScryptRecipient("zeven woorden", work_factor=8)])
    assert age.decrypt(data, [age.ScryptIdentity("zeven woorden")]) == b"data"
    with pytest.raises(NoMatchError):
        age.decrypt(data, [age.ScryptIdentity("acht woorden"), age.Identity.generate()])


def test_passphrase_stands_alone() -> None:
    passphrase = age.ScryptRecipient("zeven woorden", work_factor=8)
    for recipients in ([passphrase, passphrase], [passphrase, age.Identity.generate().recipient]):
        with pytest.raises(HeaderError):
            age.encrypt(b"data", recipients)
    with pytest.raises(InvalidKeyError):
        age.encrypt(b"data", [age.ScryptRecipient("", work_factor=8)])


def test_too_dear_a_passphrase_is_refused_before_the_work() -> None:
    data = age.encrypt(b"data", [age.ScryptRecipient("woord", work_factor=9)])
    with pytest.raises(HeaderError):
        age.decrypt(data, [age.ScryptIdentity("woord", max_work_factor=8)])
    for factor in (b" 31\n", b" 99999999999999999999\n"):
        with pytest.raises(HeaderError):
            age.decrypt(data.replace(b" 9\n", factor, 1), [age.ScryptIdentity("woord")])
