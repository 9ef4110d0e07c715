"""Pages for who manages accounts and roster; managing opens no case."""

from portal.web.admin import duty, people, roster, school, times, turns

blueprints = (
    roster.blueprint,
    school.blueprint,
    times.blueprint,
    duty.blueprint,
    turns.blueprint,
    people.blueprint,
)
