"""The picker with scripts: progress, waiting for the internet, reload, cancel, paste and drop."""

import hashlib
import random

import pytest

from tests.e2e.visitor import Visitor

MB = 1_000_000
SLOW = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 1_500_000}
FAST = {**SLOW, "uploadThroughput": -1}
GIVE = """kind => {
  const given = new DataTransfer();
  given.items.add(new File([new Uint8Array(90_000).fill(65)], `${kind}.png`, {type: "image/png"}));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", {clipboardData: given, bubbles: true, cancelable: true})
    : new DragEvent("drop", {dataTransfer: given, bubbles: true, cancelable: true});
  document.querySelector("main").dispatchEvent(event);
}"""


class Picker:
    """A draft's page with the picker, on a line that can be slowed down."""

    def __init__(self, site, page):
        self.page, self.visitor = page, Visitor(site, "linde").begin("Met een filmpje erbij.")
        name, _, value = self.visitor.cookie.partition("=")
        page.context.add_cookies([{"name": name, "value": value, "url": site.address}])
        self.address = f"{site.address}/linde/bestanden"
        self.line = page.context.new_cdp_session(page)
        self.line.send("Network.enable")
        self.patched = []
        page.on("request", self._note)
        page.goto(self.address)
        self.answer_no()

    def _note(self, request):
        if request.method == "PATCH":
            self.patched.append(int(request.headers["upload-offset"]))

    def answer_no(self):
        self.page.get_by_text("Nee, op geen enkel bestand").click()
        self.page.wait_for_selector("form[data-upload]")

    def slow(self, pace):
        self.line.send("Network.emulateNetworkConditions", pace)

    def choose(self, path):
        self.page.set_input_files("#files-pick", path)
        self.page.get_by_role("button", name="Voeg toe").click()

    def under_way(self, percent):
        """Wait until so much went."""
        self.page.wait_for_function(
            "least => document.querySelector('.file progress')?.value > least / 100", arg=percent
        )

    def arrived(self, *names):
        self.page.wait_for_selector(".file.safe >> text=Veilig bewaard")
        assert sorted(self.visitor.listed()) == sorted(names)

    def fingerprints(self):
        return self.visitor.follow(self.visitor.send()).text


@pytest.fixture
def picker(site, visit):
    page, _watch = visit()
    return Picker(site, page)


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "lang.mp4"
    path.write_bytes(random.Random(9).randbytes(4 * MB))
    return path


def short(path):
    digest = hashlib.sha256(path.read_bytes()).hexdigest().upper()
    return f"{digest[:4]} {digest[4:8]}"


def test_a_lost_network_is_waited_for_and_it_goes_on_by_itself(picker, film):
    picker.slow(SLOW)
    picker.choose(film)
    picker.under_way(20)
    state = picker.page.locator(".file .state")
    assert state.inner_text().startswith("Bezig ")
    picker.page.context.set_offline(True)
    picker.page.wait_for_selector(".file.waiting >> text=Wacht op internet")
    picker.page.context.set_offline(False)
    picker.slow(FAST)
    picker.arrived("lang.mp4")
    assert picker.patched[0] == 0
    assert picker.patched[-1] > 0
    assert short(film) in picker.fingerprints()


def test_after_a_reload_the_page_asks_for_the_same_file_and_goes_on(picker, film):
    picker.slow(SLOW)
    picker.choose(film)
    picker.under_way(40)
    picker.page.reload()
    picker.page.wait_for_selector(".file.waiting >> text=Kies het nog een keer")
    assert "lang.mp4" in picker.page.inner_text("main")
    picker.slow(FAST)
    picker.choose(film)
    picker.arrived("lang.mp4")
    assert picker.patched[-1] > 0
    assert short(film) in picker.fingerprints()


def test_a_cancelled_file_is_gone_and_the_others_arrive(picker, film, tmp_path):
    other = tmp_path / "kort.txt"
    other.write_text("kort")
    picker.slow(SLOW)
    picker.choose([film, other])
    picker.under_way(10)
    picker.page.get_by_role("button", name="Haal weg: lang.mp4").click()
    picker.arrived("kort.txt")
    assert "lang.mp4" not in picker.page.inner_text("main")


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped_onto_the_page(picker, kind):
    picker.page.evaluate(GIVE, kind)
    picker.arrived(f"{kind}.png")
