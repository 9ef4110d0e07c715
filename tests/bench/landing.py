"""The first page of a reporter: everything a browser fetches for it, raw."""

import re

from tests.bench.figures import Figure
from tests.bench.site import Site

MOST_BYTES, MOST_REQUESTS = 50_000, 4


def figures(site: Site, *, quick: bool = False) -> list[Figure]:
    """Bytes of all bodies and the number of requests; another host or a cookie is an error."""
    del quick
    phone = site.phone()
    page = phone.get(site.path())
    found = re.findall(r'<(?:link|script|img|source)\b[^>]*?(?:href|src)="([^"]+)"', page.text)
    parts = set(found)
    foreign = [one for one in parts if not one.startswith("/")]
    if foreign or phone.cookie:
        raise RuntimeError(f"the first page asks others, or sets a cookie: {foreign}")
    bodies = [page.body, *(phone.get(one).body for one in sorted(parts))]
    total = sum(len(body) for body in bodies)
    name = "the page alone"
    return [
        Figure(
            "first page: bytes in all, raw",
            total,
            "bytes",
            at_most=MOST_BYTES,
            baseline=len(page.body),
            baseline_name=name,
        ),
        Figure("first page: requests", len(bodies), "requests", at_most=MOST_REQUESTS),
    ]
