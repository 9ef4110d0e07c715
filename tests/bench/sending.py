"""Sending: the final request of complete drafts, several at once, quiet and under attack."""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.bench import drafts
from tests.bench.client import Answer
from tests.bench.drafts import Draft
from tests.bench.figures import Figure, load, median, percentile
from tests.bench.site import Site

AT_ONCE = 8
GUESSERS = 2
SEND_P95, SENDS_A_SECOND = 0.150, 50
WRONG_CODE = "ABCD-EFGH-JKMN-PQR4"


def figures(site: Site, *, quick: bool = False) -> list[Figure]:
    """Quiet, the whole flow, and while somebody guesses codes and passphrases."""
    count = 24 if quick else 240
    page = [site.phone().get(site.path()).seconds for _ in range(40)]
    found = [*_sent("sending", site, drafts.many(site, count), page), *_flow(site, quick=quick)]
    attacked = drafts.many(site, count)
    with guessing(site) as tries:
        found += _sent("sending, with wrong codes and log-ins", site, attacked, page)
    note = f"{tries[0]} codes and log-ins tried, {tries[1]} answered with an error of the server"
    return [*found, Figure("guesses meanwhile", tries[0], "tries", note=note)]


def _sent(what: str, site: Site, ready: list[Draft], page: list[float]) -> list[Figure]:
    for one in ready[:AT_ONCE]:  # both workers have sent before
        one.send()
    ready = ready[AT_ONCE:]
    before = site.processor_seconds()
    answers, seconds = at_once(ready, AT_ONCE)
    burnt = (site.processor_seconds() - before) / len(ready)
    failed = sum(not drafts.accepted(one) for one in answers)
    times = [one.seconds for one in answers]
    base = {"baseline": percentile(page, 0.95), "baseline_name": "p95 of the first page alone"}
    p95, rate = percentile(times, 0.95), len(ready) / seconds
    return [
        Figure(f"{what}: p95 of {len(ready)}, {AT_ONCE} at once", p95, "s", SEND_P95, **base),
        Figure(f"{what}: median", median(times), "s", note=load()),
        Figure(
            f"{what}: reports a second",
            rate,
            "/s",
            at_least=SENDS_A_SECOND,
            baseline=36,
            baseline_name="the best peer's (reference figure)",
            note=f"server {burnt * 1000:.0f} ms of processor each",
        ),
        Figure(f"{what}: failed", failed, "reports", at_most=0),
    ]


def at_once(ready: list[Draft], number: int) -> tuple[list[Answer], float]:
    """Send all, so many at a time; the answers and the seconds for all of them."""
    with ThreadPoolExecutor(number) as pool:
        started = time.perf_counter()
        answers = list(pool.map(Draft.send, ready))
        return answers, time.perf_counter() - started


def _flow(site: Site, *, quick: bool) -> list[Figure]:
    """From the first page to the receipt, with every answer in between."""

    def whole(_number: int) -> float:
        started = time.perf_counter()
        site.phone().get(site.path())
        draft = drafts.complete(site)
        answer = draft.send()
        if not (drafts.accepted(answer) and drafts.has_code(draft, site)):
            raise RuntimeError("a whole flow did not end in a receipt")
        return time.perf_counter() - started

    count = AT_ONCE if quick else 4 * AT_ONCE
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = time.perf_counter()
        times = list(pool.map(whole, range(count)))
        rate = count / (time.perf_counter() - started)
    name = f"the whole flow, 13 requests, {AT_ONCE} at once"
    return [Figure(f"{name}: p95", percentile(times, 0.95), "s", note=f"{rate:.1f} a second")]


@contextlib.contextmanager
def guessing(site: Site) -> Iterator[list[int]]:
    """Meanwhile others try codes and passphrases; gives tries and errors so far."""
    stop, tries = threading.Event(), [0, 0]
    logins = sorted(site.people)

    def guess(number: int) -> None:
        phone = site.phone()
        while not stop.is_set():
            login = logins[tries[0] % len(logins)]
            answer = (
                phone.post(site.path("verder"), code=WRONG_CODE)
                if number % 2
                else phone.post(
                    site.path("bureau/inloggen"), login=login, passphrase="fout " * 4, code="123456"
                )
            )
            tries[0] += 1
            tries[1] += answer.status >= 500 and answer.status != 503

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(2 * GUESSERS)]
    for one in threads:
        one.start()
    try:
        yield tries
    finally:
        stop.set()
        for one in threads:
            one.join()
