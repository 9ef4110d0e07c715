"""Drafts made over HTTP, complete to the last question but not sent."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.bench.client import Answer, Phone
from tests.bench.site import Site

STORY = ("Sinds de herfst staan er foto's van mij in een groepsapp van de klas. " * 30)[:2000]
ANSWERS = (
    ("wie", {"people__accused": "~ kevin", "people__subject": "Noor", "people__witnesses": "Daan"}),
    ("wanneer", {"when__moment": "sinds de herfst", "when__frequency": "often"}),
    ("online", {"online__happened": "yes", "online__incidents-0-account": "~ kevin"}),
    ("eerder", {"told_before__told": "no"}),
    ("wensen", {"wishes__want": "dat het stopt", "parents__know": "no", "parents__talk": "yes"}),
    ("naam", {"name__who": "handlers", "name__name": "Noor", "name__contact": "in de klas"}),
)
SHORT: tuple = ()


@dataclass
class Draft:
    """A draft and the final request, made beforehand."""

    phone: Phone
    final: bytes

    def send(self) -> Answer:
        return self.phone.send(self.final)


def begin(site: Site) -> Phone:
    """A phone that has begun, with the form token of its session."""
    phone = site.phone()
    phone.post(site.path("begin"), perspective="subject")
    page = phone.get(site.path("vraag/verhaal")).text
    phone.token = hidden(page, "t")
    return phone


def complete(site: Site, *, answers: tuple = ANSWERS) -> Draft:
    """Tell everything (or only the story, without answers) and stop before sending."""
    phone = begin(site)
    tell(phone, site, answers)
    return ready(phone, site)


def tell(phone: Phone, site: Site, answers: tuple = ANSWERS) -> None:
    """Post every page of the conversation."""
    check(phone.post(site.path("vraag/verhaal"), story__story=STORY))
    for page, given in answers:
        fields = dict(given)
        if page == "wie":
            fields["classes__subject"] = class_id(phone.get(site.path("vraag/wie")).text)
        check(phone.post(site.path(f"vraag/{page}"), **fields))


def ready(phone: Phone, site: Site) -> Draft:
    """Look it over: the last page before sending names the readers."""
    page = phone.get(site.path("nakijken")).text
    final = phone.post_request(site.path("nakijken"), submit=hidden(page, "submit"))
    return Draft(phone, final)


def many(site: Site, count: int, *, answers: tuple = ANSWERS) -> list[Draft]:
    """So many drafts, made a few at a time."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: complete(site, answers=answers), range(count)))


def accepted(answer: Answer) -> bool:
    """Whether a final request led to the receipt."""
    return answer.status == 303 and answer.location.endswith("/klaar")


def has_code(draft: Draft, site: Site) -> bool:
    """Whether the receipt shows a code."""
    return re.search(r'class="code"', draft.phone.get(site.path("klaar")).text) is not None


def hidden(page: str, name: str) -> str:
    """The value of a hidden field; of the token the last one, which has a session's."""
    return re.findall(rf'name="{name}" value="([^"]+)"', page)[-1]


def class_id(page: str) -> str:
    return re.search(r'name="classes-subject" value="([^"]+)"', page)[1]


def check(answer: Answer) -> None:
    if answer.status != 303:
        raise RuntimeError(f"a page was not taken: {answer.status}")
