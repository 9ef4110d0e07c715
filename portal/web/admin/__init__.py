"""Pages for who manages accounts and roster; managing opens no case."""

from portal.web.admin import people, roster

blueprints = (people.blueprint, roster.blueprint)
