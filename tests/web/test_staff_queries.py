"""The desk with many cases asks the database as often as with few."""

import pytest
from sqlalchemy import event

from portal.models import Case
from tests.web.desk_site import copy_of_site
from tests.web.test_overviews import LISTS, add_rows

PAGES = ("/", *(f"/zaken?lijst={name}" for name in LISTS), "/zaken?laat=1&klas=1A&p=2", "/spoed")
FEW, MANY = 30, 200  # the few fill a page of a list as well


@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_the_same_number_of_queries_with_few_cases_and_with_many(tmp_path, path):
    site = copy_of_site(tmp_path)
    person = site.log_in(site.mentor)
    asked = []
    event.listen(
        site.factory.kw["bind"], "before_cursor_execute", lambda *given: asked.append(given[2])
    )
    counts = []
    for status in ("read", "closed"):
        add_rows(site, FEW, first=FEW * (status == "closed"), status=status)
    for _ in range(2):
        asked.clear()
        assert person.get(path).status_code == 200
        counts.append(len(asked))
        with site.factory() as session:
            known = session.query(Case).count()
        add_rows(site, MANY, first=known, classes="1A, 2B, 3A")
    assert counts[0] == counts[1] < 20
