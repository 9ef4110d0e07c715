"""The command `portal`: one module per family of commands, imported when it is used."""

from __future__ import annotations

import os
from collections import UserDict
from importlib import import_module

import click

PLACES = {
    "init": "portal.cli.school:init",
    "open": "portal.cli.school:open_command",
    "roster": "portal.cli.school:roster_group",
    "staff": "portal.cli.school:staff_group",
    "recover": "portal.cli.recover:recover",
    "fsck": "portal.cli.fsck:fsck",
    "protocol": "portal.cli.protocol:protocol",
    "serve": "portal.cli.serve:serve",
    "worker": "portal.cli.serve:worker",
    "demo": "portal.cli.demo:demo",
}


class Commands(UserDict[str, click.Command]):
    """The commands by name; `portal serve` need not wait for what only `portal init` uses."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(PLACES, click.Command(None)))

    def __getitem__(self, name: str) -> click.Command:
        """Import one command."""
        module, _, attribute = PLACES[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


class InOrder(click.Group):
    """A group that lists its commands in the order of a school's life."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names as they are written above."""
        del ctx
        return list(self.commands)


@click.group(
    cls=InOrder, commands=Commands(), context_settings={"help_option_names": ["-h", "--help"]}
)
def main() -> None:
    """Veilig Melden: a reporting portal that a school runs itself."""
    # Whatever a command makes is for the portal's own account alone.
    os.umask(0o077)
