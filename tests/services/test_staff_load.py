"""The cost of many log-ins at once: they wait for each other instead of filling the memory."""

import json
import subprocess
import sys
import threading
import time

from portal.services import derivation

PROGRAM = """
import json, resource, threading, time
from portal.services import slots

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

slots.open_slot(None, "warm")
before, began = peak(), time.monotonic()
threads = [threading.Thread(target=slots.open_slot, args=(None, "x" * n)) for n in range(30)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps({"grown_mib": peak() - before, "seconds": time.monotonic() - began}))
"""


def test_thirty_log_ins_at_once_take_the_memory_of_one():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120
    )
    measured = json.loads(done.stdout)
    print(f"30 log-ins at once: {measured['seconds']:.1f} s, {measured['grown_mib']} MiB more")
    assert measured["grown_mib"] < 70


def test_known_devices_go_first_and_the_others_in_the_order_of_coming():
    turns, served, threads = derivation.Turns(), [], []

    def work(name, *, first):
        with turns.take(first=first):
            served.append(name)

    with turns.take(first=False):
        for name, first in (("a", False), ("b", False), ("known", True), ("c", False)):
            threads.append(threading.Thread(target=work, args=(name,), kwargs={"first": first}))
            threads[-1].start()
            time.sleep(0.1)
    for thread in threads:
        thread.join(10)
    assert served == ["known", "a", "b", "c"]
