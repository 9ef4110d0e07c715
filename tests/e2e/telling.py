"""The story that runs through these tests: a pupil tells it, with files of every kind."""

import hashlib
import mimetypes
import re
from dataclasses import dataclass, field
from typing import Any

from portal.demo.samples import SAMPLES
from tests.e2e.reporter_pages import Evidence, Front, Question, Receipt, Review
from tests.e2e.site import School
from tests.e2e.watch import Watch

STORY = (
    "In de groepsapp noemen ze me walvisstaart. <b>Niet vet</b> & “echt” niet leuk 🙃\n\n"
    "Vrijdag stond er een filmpje van gym in. {{ dit blijft zo }}"
)
NAME, CONTACT = "Noor Voorbeeld", "op mijn eigen mobiel, na vieren"
DESCRIBED = "een foto uit de kleedkamer, op de telefoon van kevin"
SECRETS = ("walvisstaart", "Noor", "kleedkamer", "kevin_zonder_n", "brief mentor")


def file_payload(name: str, data: bytes) -> dict[str, Any]:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {"name": name, "mimeType": kind, "buffer": data}


def fingerprint(data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest().upper()
    return f"{digest[:4]} {digest[4:8]}"


@dataclass
class Told:
    """What was sent, and what the receipt said."""

    school: School
    subject: str
    accused: str
    javascript: bool
    watch: Watch
    files: dict[str, bytes] = field(default_factory=dict)
    described_page: str = ""
    evidence_page: str = ""
    review_page: str = ""
    readers_before: list[str] = field(default_factory=list)
    readers_after: list[str] = field(default_factory=list)
    receipt_page: str = ""
    code: str = ""
    listed: dict[str, str] = field(default_factory=dict)
    shown_again: list[str] = field(default_factory=list)
    left_at: str = ""
    after_back: list[str] = field(default_factory=list)


def tell(page, told: Told, home: str) -> Receipt:
    """Go through every question as a pupil, and send."""
    question = Front.open(page, told.watch, home, told.school.slug).begin("Over mij")
    question.write("story-story", STORY)
    question = who(question.go_on(), told)
    question = online(when(question))
    evidence = attach(question, told)
    review = close(evidence.go_on())
    review = choose_readers(review, told)
    review = change_a_line(review, told)
    unfold = "document.querySelectorAll('main details').forEach(fold => { fold.open = true })"
    review.page.evaluate(unfold)
    told.review_page = review.text()
    return send(review, told)


def who(question: Question, told: Told) -> Question:
    question.write("people-accused", "iemand die zich ~ kevin noemt")
    question.write("people-witnesses", "de hele klas")
    question.tick_by_text("classes-subject", told.subject)
    question.tick_by_text("classes-accused", told.accused)
    question.tick("classes-other", "unknown_account")
    return question.go_on()


def when(question: Question) -> Question:
    question.write("when-moment", "sinds de herfstvakantie")
    question.write("when-exact", "vrijdag 13 november")
    question.tick("when-frequency", "more")
    question.tick("when-places", "changing_room")
    question.tick("when-places", "online")
    question.tick("forms-forms", "online_images")
    question.tick("forms-forms", "insults")
    return question.go_on()


def online(question: Question) -> Question:
    question.tick("online-happened", "yes")
    question = question.go_on()  # only now is asked where
    question.tick("online-incidents-0-platform", "instagram")
    question.write("online-incidents-0-account", "@kevin_zonder_n")
    question.write("online-incidents-0-url", "https://social.example/kevin_zonder_n")
    question.write("online-incidents-0-when-day", "2026-11-13")
    question.write("online-incidents-0-when-time", "21:07")
    question.tick("online-incidents-0-precision", "exact")
    question = question.go_on("Nog een bericht of account")
    question.tick("online-incidents-1-platform", "whatsapp")
    question.write("online-incidents-1-account", "~ kevin")
    question.tick("online-incidents-1-still_there", "unknown")
    return question.go_on()


def attach(evidence: Evidence, told: Told) -> Evidence:
    """First doubt about one file, and describe it; then send all the others."""
    describe = evidence.ask("Ik twijfel")
    told.described_page = describe.text()
    describe.write("described-where", DESCRIBED)
    describe.write("described-who_has_it", "~ kevin")
    evidence = describe.save().ask("Nee")
    told.files = {name: make() for name, make in SAMPLES.items()}
    evidence = evidence.pick([file_payload(name, data) for name, data in told.files.items()])
    told.evidence_page = evidence.text()
    return evidence


def close(question: Question) -> Review:
    question.tick("told_before-told", "yes")
    question.write("told_before-whom", "de conciërge")
    question.write("told_before-after", "niets")
    question = question.go_on()
    question.write("wishes-want", "dat het filmpje weggaat")
    question.write("wishes-not_want", "een gesprek voor de hele klas")
    question.write("wishes-reach", "hier, met de code")
    question.tick("parents-know", "no")
    question.tick("parents-talk", "first_me")
    question.tick("parents-danger", "no")
    question = question.go_on()
    question.tick("name-who", "role")
    question.tick("name-role", "leerlingcoordinator")
    question.write("name-name", NAME)
    question.write("name-contact", CONTACT)
    return question.go_on()


def choose_readers(review: Review, told: Told) -> Review:
    """Shut one coordinator out, and prefer the own mentor."""
    told.readers_before = review.readers()
    review = review.not_this_person(told.school.having("leerlingcoordinator")[1].name)
    review = review.rather(told.school.mentor_of(told.subject).name)
    told.readers_after = review.readers()
    return review


def change_a_line(review: Review, told: Told) -> Review:
    question = review.change("Wanneer en waar was het?")
    question.write("when-where", "bij de kluisjes")
    review = question.go_on()
    assert isinstance(review, Review)
    return review


def send(review: Review, told: Told) -> Receipt:
    page, token = review.page, review.submit_token()
    form_token = page.get_attribute("form[action$='/nakijken'] [name=t]", "value")
    address = page.url
    receipt = review.send()
    told.receipt_page, told.code, told.listed = receipt.text(), receipt.code(), receipt.files()
    page.reload()
    told.shown_again.append(Receipt(page, told.watch).code())
    again = page.context.request.post(address, form={"t": form_token, "submit": token})
    told.shown_again.append(" ".join(re.findall(r"<span>(\w{4})</span>", again.text())))
    return receipt


def leave(receipt: Receipt, told: Told, exit_url: str) -> None:
    """Clear the screen, then press Back three times, as somebody who takes over the phone."""
    page = receipt.page
    receipt.done()
    page.wait_for_url(exit_url)
    told.left_at = page.url
    for _ in range(3):
        page.go_back()
        page.wait_for_load_state()
        page.wait_for_timeout(300)
        told.after_back.append(page.url + "\n" + page.content())
