"""Pages for staff: log-in, account, colleagues, the desk and the cases."""

from portal.web.staff import account, auth, colleagues

blueprints = (auth.blueprint, account.blueprint, colleagues.blueprint)
