"""Pages for staff: log-in, account, colleagues, the desk and the cases."""

from portal.web.staff import (
    account,
    auth,
    case,
    colleagues,
    desk,
    evidence,
    packet,
    parents,
    start,
)

blueprints = (
    auth.blueprint,
    account.blueprint,
    colleagues.blueprint,
    desk.blueprint,
    case.blueprint,
    evidence.blueprint,
    packet.blueprint,
    parents.blueprint,
    start.blueprint,
)
