"""Bringing in a reader takes two people: who hands out the code does not compare the key."""

import pytest

from portal.services import accounts, confirmations, derivation, slots, transaction
from portal.services.errors import ForbiddenError
from tests.services import founded as setting

NOW = setting.NOW


@pytest.fixture(autouse=True)
def cheap_derivation(monkeypatch):
    """What a derivation costs is tried elsewhere."""
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)


@pytest.fixture
def school(session):
    return setting.found_school(session)


def hand_out(verb, school, *, by, code):
    """Give somebody an activation code, as the administrator's page does."""
    school.codes[code] = verb(
        school.session,
        actor=by.custody,
        school_id=school.school.id,
        staff_id=school.member(code).id,
        keys=setting.KEYS,
        now=NOW,
    )
    transaction.commit(school.session)
    made, _ = setting.activate(school, code)
    return made


def confirm(school, made, *, by):
    confirmations.confirm(
        school.session,
        actor=by,
        staff_id=made.staff_id,
        typed_fingerprint=made.fingerprint,
        now=NOW,
    )
    transaction.commit(school.session)


@pytest.mark.parametrize(("verb", "code"), [(accounts.reset, "WIT"), (accounts.invite, "JAN")])
def test_who_handed_out_the_code_does_not_confirm_the_key(school, verb, code):
    actors = setting.activate_and_confirm(school, "BAK", "WIT")
    made = hand_out(verb, school, by=actors["VOS"], code=code)
    with pytest.raises(ForbiddenError):
        confirm(school, made, by=actors["VOS"])
    assert school.member(code).confirmed_at is None
    listed = confirmations.colleagues(school.session, actor=actors["VOS"])
    assert [one.code for one in listed if one.own_code] == [code]
    confirm(school, made, by=actors["BAK"])
    assert school.member(code).confirmed_by_id == actors["BAK"].id


def test_a_founder_who_is_alone_confirms_the_first_colleague(school):
    founder = setting.activate_and_confirm(school)["VOS"]
    made = hand_out(accounts.invite, school, by=founder, code="BAK")
    confirm(school, made, by=founder)
    assert school.member("BAK").confirmed_by_id == founder.id
