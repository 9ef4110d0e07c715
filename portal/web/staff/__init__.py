"""Pages for staff: log-in, account, colleagues, the desk and the cases."""

from portal.web.staff import (
    account,
    acute,
    auth,
    case,
    closing,
    colleagues,
    desk,
    evidence,
    packet,
    parents,
    people,
    protocol,
    quarantine,
    reins,
    start,
    talk,
)

blueprints = (
    auth.blueprint,
    account.blueprint,
    colleagues.blueprint,
    acute.blueprint,
    desk.blueprint,
    case.blueprint,
    closing.blueprint,
    talk.blueprint,
    evidence.blueprint,
    quarantine.blueprint,
    packet.blueprint,
    parents.blueprint,
    people.blueprint,
    protocol.blueprint,
    reins.blueprint,
    start.blueprint,
)
