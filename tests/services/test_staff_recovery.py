"""The printed recovery code and changing what opens the key."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.models import LiveSession
from portal.services import (
    accounts,
    derivation,
    printed_codes,
    slots,
    staff,
    totp,
    transaction,
)
from portal.services.custody import Actor
from portal.services.errors import InvalidInputError
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


def recover(school, secret, code, *, now=LATER, passphrase="acht blauwe vogels op het dak"):
    return staff.log_in_with_recovery(
        school.session,
        school=school.school,
        login="bak",
        recovery_code=code,
        code=setting.code_at(secret, now),
        new_passphrase=passphrase,
        now=now,
    )


def test_the_recovery_code_gives_a_new_passphrase_and_a_new_code(school):
    activation, secret = setting.activate(school, "BAK")
    logged_in = recover(school, secret, printed_codes.shown(activation.recovery_code).lower())
    transaction.commit(school.session)
    assert logged_in.data == activation.data
    later = LATER + timedelta(minutes=1)
    with pytest.raises(InvalidInputError):
        recover(school, secret, activation.recovery_code, now=later)
    with pytest.raises(InvalidInputError):
        log_in(school, "bak", secret, now=later)
    again = log_in(school, "bak", secret, now=later, passphrase="acht blauwe vogels op het dak")
    assert again.data == activation.data
    much_later = later + timedelta(minutes=1)
    assert recover(school, secret, logged_in.recovery_code, now=much_later).data == activation.data


def test_recovery_ends_every_other_session(school):
    activation, secret = setting.activate(school, "BAK")
    setting.actor_from(school, activation.data)
    recover(school, secret, activation.recovery_code)
    transaction.commit(school.session)
    assert school.session.scalar(select(func.count()).select_from(LiveSession)) == 0


def test_recovery_wants_the_one_time_code_too(school):
    activation, _ = setting.activate(school, "BAK")
    with pytest.raises(InvalidInputError) as refused:
        recover(school, totp.new_secret(), activation.recovery_code)
    assert refused.value.field == "login"


def test_a_typing_mistake_in_a_recovery_code_is_named(school):
    activation, secret = setting.activate(school, "BAK")
    code = activation.recovery_code
    swapped = ("2" if code[0] == "1" else "1") + code[1:]
    with pytest.raises(InvalidInputError) as refused:
        recover(school, secret, swapped)
    assert refused.value.field == "recovery"


def test_changing_the_passphrase_needs_the_current_one(school):
    activation, secret = setting.activate(school, "BAK")
    actor = setting.actor_from(school, activation.data)
    with pytest.raises(InvalidInputError) as refused:
        accounts.change_passphrase(
            school.session,
            actor=actor,
            school=school.school,
            current="niet de goede zin",
            new="negen rode appels in een mand",
        )
    assert refused.value.field == "current"
    accounts.change_passphrase(
        school.session,
        actor=actor,
        school=school.school,
        current=setting.PASSPHRASE,
        new="negen rode appels in een mand",
    )
    transaction.commit(school.session)
    assert log_in(school, "bak", secret, passphrase="negen rode appels in een mand")


def test_a_new_recovery_code_replaces_the_old_one(school):
    activation, secret = setting.activate(school, "BAK")
    actor = setting.actor_from(school, activation.data)
    fresh = accounts.new_recovery_code(school.session, actor=actor, current=setting.PASSPHRASE)
    transaction.commit(school.session)
    with pytest.raises(InvalidInputError):
        recover(school, secret, activation.recovery_code)
    assert recover(school, secret, fresh).data == activation.data
