"""A founded school with its staff pages, and a browser of somebody who works there."""

import re
from datetime import timedelta

from portal.app import create_app
from portal.config import Settings
from portal.migrations.run import upgrade
from portal.services import derivation, slots
from tests.services import founded as setting

FORM = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    """A client with a clock of its own, that reads pages as a person does."""

    def __init__(self, site):
        self.site = site
        self.client = site.app.test_client()
        self.page = ""

    def get(self, path):
        response = self.client.get(path)
        self.page = response.get_data(as_text=True)
        return response

    def post(self, path, data=None, headers=FORM, **options):
        token = re.search(r'name="t" value="([^"]+)"', self.page)
        fields = {**({"t": token.group(1)} if token else {}), **(data or {})}
        response = self.client.post(path, data=fields, headers=headers, **options)
        self.page = response.get_data(as_text=True)
        return response

    def groups(self, label):
        found = re.search(rf'aria-label="{label}">(.*?)</ul>', self.page, re.DOTALL)
        return re.findall(r"<li>([^<]+)</li>", found.group(1))


class Site:
    """An application on a founded school, with a clock that the test moves."""

    def __init__(self, folder):
        self.moment = setting.NOW
        settings = Settings(instance_dir=folder)
        self.app = create_app(settings, clock=lambda: self.moment)
        self.app.testing = True
        self.parts = self.app.extensions["portal"]
        setting.KEYS = self.parts.keys
        factory = self.parts.session_factory
        upgrade(factory.kw["bind"])
        self.founded = setting.found_school(factory())
        self.founded.session.close()

    def later(self, **amount):
        self.moment += timedelta(**amount)

    def activate(self, code, passphrase=setting.PASSPHRASE):
        browser = Browser(self)
        browser.get("/linde/bureau/activeren")
        shown = browser.post(
            "/linde/bureau/activeren", {"activation": self.founded.codes[code].lower()}
        )
        assert shown.status_code == 200, browser.page
        secret = re.search(r'name="secret" value="([A-Z2-7]+)"', browser.page).group(1)
        done = browser.post(
            "/linde/bureau/activeren",
            {
                "activation": self.founded.codes[code],
                "secret": secret,
                "passphrase": passphrase,
                "code": setting.code_at(secret, self.moment),
            },
        )
        assert done.status_code == 200, browser.page
        browser.secret = secret
        browser.recovery = browser.groups("Herstelcode")
        browser.fingerprint = browser.groups("Cijfers van je sleutel")
        return browser

    def log_in(self, login, secret, passphrase=setting.PASSPHRASE):
        browser = Browser(self)
        browser.response = browser.post(
            "/linde/bureau/inloggen",
            {
                "login": login,
                "passphrase": passphrase,
                "code": setting.code_at(secret, self.moment),
            },
        )
        return browser


def site_with_cheap_keys(folder, monkeypatch):
    """Give a site on which deriving a key of staff takes no longer than that of a code."""
    monkeypatch.setattr(slots, "parameters_for_staff", derivation.parameters_for_code)
    monkeypatch.setattr(setting, "KEYS", setting.KEYS)
    return Site(folder)
