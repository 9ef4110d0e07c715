"""On a small phone: what happened online, how to keep it, adding it, and the list that grows."""

import pytest

from tests.e2e.reporter_pages import Front, Question
from tests.e2e.screens import Screen

STORY = "Er staat een filmpje van mij online."
VIDEO = b"\0\0\0\x18ftypmp42" + b"1" * 999
FILE = {"name": "filmpje.mp4", "mimeType": "video/mp4", "buffer": VIDEO}


class Guide(Screen):
    path = "bewaren(/[a-z]+)?"


@pytest.mark.parametrize("javascript", [True, False])
def test_from_the_app_to_its_guide_and_to_the_file(visit, site, javascript):
    page, watch = visit(javascript=javascript)
    question = Front.open(page, watch, site.address, "waterkant").begin()
    question.write("story-story", STORY)
    question.go_on()
    page.goto(f"{site.address}/waterkant/vraag/online")
    question = Question(page, watch)
    question.tick("online-happened", "yes")
    question = question.go_on()
    question.write("online-incidents-0-url", "https://www.tiktok.com/@een/video/1?is_from=abc")
    question.write("online-incidents-0-when_text", "vorige week, na gym")
    question.press("Hulp bij bewaren")
    guide = Guide(page, watch)
    assert guide.heading() == "Bewaren uit TikTok"
    guide.press("Een andere app")
    Guide(page, watch).press("Snapchat")
    guide = Guide(page, watch)
    assert "Let op: de ander ziet het" in guide.text()
    guide.press("Een scherm filmen: zo werkt het")
    guide = Guide(page, watch)
    guide.press("Terug naar de vragen")
    question = Question(page, watch)
    address = page.input_value("[name='online-incidents-0-url']")
    assert address == "https://www.tiktok.com/@een/video/1?is_from=abc"
    evidence = question.go_on()
    assert "Wat helpt bij de politie: 2 van 7" in evidence.text()
    evidence = evidence.ask("Nee").pick([FILE])
    assert "Wat helpt bij de politie: 3 van 7" in evidence.text()
    assert watch.elsewhere() == []
    assert watch.inline == []
