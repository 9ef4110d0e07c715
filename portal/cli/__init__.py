"""The command `portal`: one module per family of commands, loaded when it is used."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
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


class LazyGroup(click.Group):
    """A group that imports a command only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names in the order of a school's life."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None when there is none of this name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Veilig Melden: a reporting portal that a school runs itself."""
