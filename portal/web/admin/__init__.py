"""Pages for who manages accounts and roster; managing opens no case."""

from portal.web.admin import people, roster, school

blueprints = (roster.blueprint, school.blueprint, people.blueprint)
