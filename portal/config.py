"""Settings: one frozen dataclass, read from the environment over ``instance/portal.toml``."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

GIB = 1 << 30
PROJECT_ROOT = Path(__file__).resolve().parent.parent


class SettingsError(ValueError):
    """A setting is unknown or has a value that cannot be used; the text names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs between installations (documented in docs/settings.md)."""

    instance_dir: Path = field(default_factory=lambda: PROJECT_ROOT / "instance")
    database_url: str = ""
    storage_url: str = ""
    redis_url: str = "memory://"
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    workers: int = 2
    threads: int = 200
    tls_cert: str = ""
    tls_key: str = ""
    trusted_proxy: str = ""
    max_file_bytes: int = 1 * GIB
    max_report_bytes: int = 4 * GIB
    diary_days: int = 180
    withdrawn_days: int = 28
    unread_hour: int = 12
    alarm_pause_minutes: int = 10
    smtp_host: str = ""
    smtp_port: int = 25
    smtp_starttls: bool = False
    smtp_user: str = ""
    smtp_password_file: str = ""
    mail_from: str = ""
    duty_secrets_dir: str = ""
    exit_url: str = "https://www.wikipedia.org/"
    debug: bool = False

    @property
    def resolved_database_url(self) -> str:
        """The SQLAlchemy address; a SQLite file in the instance folder by default."""
        return self.database_url or f"sqlite:///{self.instance_dir / 'portal.sqlite3'}"

    @property
    def resolved_storage_url(self) -> str:
        """Where evidence lies; a folder in the instance folder by default."""
        return self.storage_url or f"file:{self.instance_dir / 'evidence'}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS, so that cookies may carry ``__Host-``."""
        return bool(self.tls_cert or self.trusted_proxy) or self.public_url.startswith("https://")


def load_settings(instance_dir: Path | None = None, **overrides: Any) -> Settings:
    """Read ``portal.toml`` in the instance folder, then ``PORTAL_…`` variables, then overrides.

    Raises:
        SettingsError: for an unknown setting or a value of the wrong kind.
    """
    environment = {
        key.removeprefix("PORTAL_").lower(): value
        for key, value in os.environ.items()
        if key.startswith("PORTAL_")
    }
    folder = instance_dir or Path(environment.get("instance_dir", PROJECT_ROOT / "instance"))
    values: dict[str, Any] = {}
    file = folder / "portal.toml"
    if file.exists():
        values.update(tomllib.loads(file.read_text("utf-8")))
    values.update(environment)
    values.update(overrides)
    values["instance_dir"] = folder
    return _settings_from(values)


def _settings_from(values: dict[str, Any]) -> Settings:
    settings = Settings()
    known = {item.name: getattr(settings, item.name) for item in fields(Settings)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SettingsError(f"unknown setting: {', '.join(unknown)}")
    converted = {name: _convert(name, value, known[name]) for name, value in values.items()}
    return replace(settings, **converted)


def _convert(name: str, value: Any, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return value if isinstance(value, bool) else _boolean(str(value))
        if isinstance(default, int):
            return int(value)
        if isinstance(default, Path):
            return Path(value).resolve()
    except ValueError as error:
        raise SettingsError(f"setting {name}: {value!r} cannot be used") from error
    return str(value)


def _boolean(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]
