"""Pages for who manages accounts and roster; managing opens no case."""

from portal.web.admin import duty, people, roster, school, times

blueprints = (
    roster.blueprint,
    school.blueprint,
    times.blueprint,
    duty.blueprint,
    people.blueprint,
)
