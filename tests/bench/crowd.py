"""A class at the same instant, and a school behind one address."""

import threading
import time
from collections.abc import Callable

from tests.bench import drafts
from tests.bench.client import Answer
from tests.bench.figures import Figure, load, percentile
from tests.bench.sending import at_once
from tests.bench.site import Site

CLASS_SIZE = 30
IN_AN_HOUR = 200


def class_at_once(site: Site, *, quick: bool = False) -> list[Figure]:
    """So many complete drafts, all sent when the bell rings."""
    ready = drafts.many(site, CLASS_SIZE, answers=drafts.SHORT if quick else drafts.ANSWERS)
    started = time.perf_counter()
    answers = together([one.send for one in ready])
    seconds = time.perf_counter() - started
    good = sum(drafts.accepted(one) for one in answers)
    codes = sum(drafts.has_code(one, site) for one in ready)
    note = f"{codes} receipts with a code; all in {seconds:.2f} s; {load()}"
    return [
        Figure(
            f"{CLASS_SIZE} reports at the same instant: accepted",
            good,
            "reports",
            at_least=CLASS_SIZE,
            baseline=CLASS_SIZE,
            baseline_name="sent",
            note=note,
        ),
        Figure("the slowest of them", percentile([one.seconds for one in answers], 1), "s"),
    ]


def from_one_address(site: Site, *, quick: bool = False) -> list[Figure]:
    """Two hundred short reports in a row; every one comes from 127.0.0.1."""
    del quick
    started = time.perf_counter()
    ready = drafts.many(site, IN_AN_HOUR, answers=drafts.SHORT)
    answers, _seconds = at_once(ready, 4)
    good = sum(map(drafts.accepted, answers))
    seconds = time.perf_counter() - started
    return [
        Figure(
            f"{IN_AN_HOUR} reports from one address: accepted",
            good,
            "reports",
            at_least=IN_AN_HOUR,
            baseline=IN_AN_HOUR,
            baseline_name="sent",
            note=f"begun, told and sent in {seconds:.0f} s",
        )
    ]


def together(actions: list[Callable[[], Answer]]) -> list[Answer]:
    """Do everything at the same instant, each on a thread of its own."""
    bell = threading.Barrier(len(actions))
    answers: list[Answer] = []

    def act(action: Callable[[], Answer]) -> None:
        bell.wait()
        answers.append(action())

    threads = [threading.Thread(target=act, args=(action,)) for action in actions]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return answers
