"""Staff accounts: activation, confirmation, log-in, reset and the end of an account."""

import json
import unicodedata
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from evidence_store import AgeError
from portal.domain.custody_kinds import CustodyKind
from portal.domain.permissions import Action
from portal.models import CustodyEvent, LiveSession, StaffSlot
from portal.services import (
    accounts,
    confirmations,
    derivation,
    passphrases,
    printed_codes,
    sessions,
    slots,
    staff,
    transaction,
)
from portal.services.custody import Actor
from portal.services.errors import ConflictError, ForbiddenError, InvalidInputError
from tests.services import founded as setting

NOW = setting.NOW
LATER = NOW + timedelta(minutes=5)
ADMIN = Actor("staff", "somebody", "Beheer")


@pytest.fixture(autouse=True)
def cheap_derivation(monkeypatch):
    """The cost of a derivation is tried once, below; elsewhere it would only take time."""
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)
    slots._nobody.cache_clear()
    yield
    slots._nobody.cache_clear()


@pytest.fixture
def school(session):
    return setting.found_school(session)


def log_in(school, login, secret, *, now=LATER, passphrase=setting.PASSPHRASE):
    return staff.log_in(
        school.session,
        school=school.school,
        login=login,
        passphrase=passphrase,
        code=setting.code_at(secret, now),
        now=now,
    )


def events(school, kind):
    query = (
        select(CustodyEvent.public)
        .where(CustodyEvent.kind == str(kind))
        .order_by(CustodyEvent.position)
    )
    return [json.loads(text)["open"]["sealed"] for text in school.session.scalars(query)]


def test_the_founder_is_confirmed_at_once_and_the_log_says_why(school):
    activation, _ = setting.activate(school, "VOS")
    assert activation.confirmed
    [event] = events(school, CustodyKind.RECIPIENT_CONFIRMED)
    assert event["reason"] == "founder"
    assert event["recipient"] == activation.recipient
    actor = setting.actor_from(school, activation.data)
    assert Action.CONFIRM_COLLEAGUES in actor.powers
    assert Action.MANAGE_ROSTER in actor.powers


def test_somebody_else_who_activates_first_is_not_confirmed(school):
    activation, _ = setting.activate(school, "BAK")
    assert not activation.confirmed
    actor = setting.actor_from(school, activation.data)
    assert Action.CONFIRM_COLLEAGUES not in actor.powers


def test_a_founder_who_activates_again_is_not_confirmed_while_others_are(school):
    setting.activate_and_confirm(school, "BAK")
    founder = school.member("VOS")
    school.codes["VOS"] = accounts.reset(
        school.session,
        actor=ADMIN,
        school_id=school.school.id,
        staff_id=founder.id,
        keys=setting.KEYS,
        now=NOW,
    )
    transaction.commit(school.session)
    activation, _ = setting.activate(school, "VOS")
    assert not activation.confirmed


def test_an_activation_code_works_once(school):
    setting.activate(school, "BAK")
    with pytest.raises(InvalidInputError) as refused:
        setting.activate(school, "BAK")
    assert (refused.value.field, refused.value.problem) == ("activation", "unknown")


def test_an_activation_code_lives_for_fourteen_days(school):
    for days, expected in ((13, True), (14, False)):
        found = accounts.invitee(
            school.session,
            school_id=school.school.id,
            code=school.codes["BAK"],
            keys=setting.KEYS,
            now=NOW + timedelta(days=days),
        )
        assert (found is not None) is expected


def test_an_activation_code_of_another_school_is_unknown(school):
    other = setting.found_school(school.session, slug="beuk")
    found = accounts.invitee(
        school.session,
        school_id=other.school.id,
        code=school.codes["BAK"],
        keys=setting.KEYS,
        now=NOW,
    )
    assert found is None


def test_a_colleague_confirms_with_the_digits_read_aloud(school):
    activation, _ = setting.activate(school, "VOS")
    founder = setting.actor_from(school, activation.data)
    other, _ = setting.activate(school, "BAK")
    wrong = confirmations.fingerprint(activation.recipient)
    with pytest.raises(InvalidInputError):
        confirmations.confirm(
            school.session,
            actor=founder,
            staff_id=other.staff_id,
            typed_fingerprint=wrong,
            now=NOW,
        )
    assert school.member("BAK").confirmed_at is None
    confirmations.confirm(
        school.session,
        actor=founder,
        staff_id=other.staff_id,
        typed_fingerprint=other.fingerprint.replace(" ", "-"),
        now=NOW,
    )
    transaction.commit(school.session)
    assert school.member("BAK").confirmed_by_id == founder.id
    assert events(school, CustodyKind.RECIPIENT_CONFIRMED)[-1]["reason"] == "compared"


def test_nobody_confirms_themselves_or_before_being_confirmed(school):
    setting.activate(school, "VOS")
    first, _ = setting.activate(school, "BAK")
    second, _ = setting.activate(school, "WIT")
    unconfirmed = setting.actor_from(school, first.data)
    for target in (first, second):
        with pytest.raises(ForbiddenError):
            confirmations.confirm(
                school.session,
                actor=unconfirmed,
                staff_id=target.staff_id,
                typed_fingerprint=target.fingerprint,
                now=NOW,
            )


def test_a_recipient_put_into_the_database_fails_the_comparison(school):
    activation, _ = setting.activate(school, "VOS")
    founder = setting.actor_from(school, activation.data)
    theirs, _ = setting.activate(school, "BAK")
    mine, _ = setting.activate(school, "JAN")
    school.member("BAK").recipient = mine.recipient
    transaction.commit(school.session)
    with pytest.raises(InvalidInputError):
        confirmations.confirm(
            school.session,
            actor=founder,
            staff_id=theirs.staff_id,
            typed_fingerprint=theirs.fingerprint,
            now=NOW,
        )


def test_log_in_opens_the_identity_that_was_made_at_activation(school):
    activation, secret = setting.activate(school, "BAK")
    logged_in = log_in(school, " Bak ", secret)
    assert logged_in.data == activation.data


@pytest.mark.parametrize("login", ["bak", "nobody", "", "\0", "x" * 4000, "' or 1=1 --"])
def test_wrong_passphrase_and_unknown_account_read_the_same(school, login):
    _, secret = setting.activate(school, "BAK")
    with pytest.raises(InvalidInputError) as refused:
        log_in(school, login, secret, passphrase="een heel andere zin dan die")
    assert str(refused.value) == "login: mismatch"


def test_unknown_accounts_cost_a_derivation_too(school, monkeypatch):
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_staff)
    _, secret = setting.activate(school, "BAK")
    calls = []
    derive = derivation.derive_identity

    def counting(text, parameters):
        calls.append((parameters.iterations, parameters.memory_kib))
        return derive(text, parameters)

    monkeypatch.setattr(derivation, "derive_identity", counting)
    for login in ("bak", "nobody", "wit"):
        with pytest.raises(InvalidInputError):
            log_in(school, login, secret, passphrase="een heel andere zin dan die")
    assert calls == [(2, 65536)] * 3


def test_a_one_time_code_works_once_and_so_does_its_predecessor(school):
    _, secret = setting.activate(school, "BAK")
    log_in(school, "bak", secret)
    with pytest.raises(InvalidInputError):
        log_in(school, "bak", secret)
    with pytest.raises(InvalidInputError):
        staff.log_in(
            school.session,
            school=school.school,
            login="bak",
            passphrase=setting.PASSPHRASE,
            code=setting.code_at(secret, LATER - timedelta(seconds=30)),
            now=LATER,
        )


def test_the_code_of_the_activation_itself_cannot_be_used_again(school):
    _, secret = setting.activate(school, "BAK")
    with pytest.raises(InvalidInputError):
        log_in(school, "bak", secret, now=NOW)


def test_a_used_code_stays_used_when_the_request_fails(school):
    _, secret = setting.activate(school, "BAK")
    log_in(school, "bak", secret)
    transaction.rollback(school.session)
    school.session.expire_all()
    with pytest.raises(InvalidInputError):
        log_in(school, "bak", secret)


def test_a_wrong_one_time_code_does_not_log_in(school):
    _, secret = setting.activate(school, "BAK")
    right = setting.code_at(secret, LATER)
    wrong = str((int(right) + 1) % 1_000_000).zfill(6)
    for code in (wrong, "", "123", "abcdef", "½23456"):
        with pytest.raises(InvalidInputError):
            staff.log_in(
                school.session,
                school=school.school,
                login="bak",
                passphrase=setting.PASSPHRASE,
                code=code,
                now=LATER,
            )


def test_a_reset_gives_an_empty_keyring(school):
    actors = setting.activate_and_confirm(school, "BAK")
    live = sessions.begin(
        school.session,
        kind=sessions.STAFF,
        school_id=school.school.id,
        data={"staff": actors["BAK"].id, "identity": str(actors["BAK"].identity)},
        now=NOW,
        staff_id=actors["BAK"].id,
    )
    transaction.commit(school.session)
    school.codes["BAK"] = accounts.reset(
        school.session,
        actor=ADMIN,
        school_id=school.school.id,
        staff_id=actors["BAK"].id,
        keys=setting.KEYS,
        now=NOW,
    )
    transaction.commit(school.session)
    assert staff.actor_of(school.session, live) is None
    assert (
        sessions.resume(school.session, cookie=live.cookie, school_id=school.school.id, now=NOW)
        is None
    )
    activation, _ = setting.activate(school, "BAK")
    assert activation.recipient != str(actors["BAK"].identity.recipient)
    assert not activation.confirmed
    # Even a session that somehow outlived the reset speaks for the old key, so for nobody.
    assert staff.actor_of(school.session, live) is None
    [event] = events(school, CustodyKind.STAFF_DISABLED)
    assert event["reason"] == "reset"


def test_a_disabled_member_is_out_and_cannot_come_back(school):
    activation, secret = setting.activate(school, "BAK")
    actor = setting.actor_from(school, activation.data)
    accounts.disable(
        school.session,
        actor=ADMIN,
        school_id=school.school.id,
        staff_id=actor.id,
        now=LATER,
    )
    transaction.commit(school.session)
    assert school.session.scalar(select(func.count()).select_from(LiveSession)) == 0
    assert school.session.scalar(select(func.count()).select_from(StaffSlot)) == 0
    with pytest.raises(InvalidInputError):
        log_in(school, "bak", secret)
    with pytest.raises(ConflictError):
        accounts.invite(
            school.session,
            actor=ADMIN,
            school_id=school.school.id,
            staff_id=actor.id,
            keys=setting.KEYS,
            now=LATER,
        )


def test_nobody_ends_their_own_account(school):
    activation, _ = setting.activate(school, "VOS")
    actor = setting.actor_from(school, activation.data)
    with pytest.raises(ForbiddenError):
        accounts.disable(
            school.session,
            actor=actor.custody,
            school_id=school.school.id,
            staff_id=actor.id,
            now=NOW,
        )


def test_what_is_stored_holds_no_secret(tmp_path):
    school = setting.found_school(setting.open_database(tmp_path))
    activation, secret = setting.activate(school, "BAK")
    school.session.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    plain = [
        setting.PASSPHRASE,
        secret,
        activation.recovery_code,
        printed_codes.shown(activation.recovery_code),
        activation.data["identity"],
        school.codes["WIT"],
    ]
    assert [text for text in plain if text.encode() in stored] == []
    assert b"Marijke Bakker" in stored


def test_a_slot_copied_to_another_account_opens_nothing(school):
    setting.activate(school, "BAK")
    _, secret = setting.activate(school, "WIT", passphrase="twaalf grijze muizen slapen nu")
    rows = {
        row.staff_id: row
        for row in school.session.scalars(select(StaffSlot).where(StaffSlot.kind == "passphrase"))
    }
    mine, theirs = rows[school.member("BAK").id], rows[school.member("WIT").id]
    theirs.sealed, theirs.parameters = mine.sealed, mine.parameters
    transaction.commit(school.session)
    with pytest.raises(Exception) as refused:  # noqa: PT011 - which refusal does not matter
        log_in(school, "wit", secret)
    assert not isinstance(refused.value, AgeError)


def test_a_long_passphrase_typed_with_loose_accents_still_logs_in(school):
    phrase = "zoë fährt über hügel " * 9 + "en door"
    _, secret = setting.activate(school, "BAK", passphrase=phrase)
    loose = unicodedata.normalize("NFD", phrase)
    assert len(loose) > passphrases.LONGEST
    assert log_in(school, "bak", secret, passphrase=loose)


def test_fingerprints_are_24_digits_and_differ(school):
    first, _ = setting.activate(school, "BAK")
    second, _ = setting.activate(school, "WIT")
    for activation in (first, second):
        groups = activation.fingerprint.split()
        assert [len(group) for group in groups] == [4] * 6
        assert "".join(groups).isdigit()
    assert first.fingerprint != second.fingerprint
