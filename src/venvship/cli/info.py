"""`info`: tells where things are."""

from __future__ import annotations

from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.cli.version import VERSION
from venvship.errors import SeveralErrors
from venvship.loading.nearest import did_you_mean


class UnknownKey(CommandLineError):
    """`info` was asked for something it does not know."""

    def __init__(self, key: str, known: list[str]) -> None:
        super().__init__(f"`info` knows no `{key}`", hint=did_you_mean(key, known) or f"it knows {', '.join(known)}")


def info(invocation: Invocation) -> int:
    with invocation.display() as display, invocation.session(display, read_only=True) as session:
        facts = {**session.info(), "release": f"release {VERSION}"}
    # Scripts written for Bazel ask by its names.
    facts = {**{_bazel_name(key): value for key, value in facts.items()}, **facts}
    keys = invocation.words
    unknown = [UnknownKey(key, sorted(facts)) for key in keys if key not in facts]
    if unknown:
        raise SeveralErrors(unknown)
    write = invocation.surroundings.stdout.write
    if len(keys) == 1:
        write(f"{facts[keys[0]]}\n")
    else:
        for key in sorted(keys or (key for key in facts if not key.startswith("bazel-"))):
            write(f"{key}: {facts[key]}\n")
    invocation.surroundings.stdout.flush()
    return ExitCode.SUCCESS


def _bazel_name(key: str) -> str:
    return f"bazel-{key.removeprefix('venvship-')}" if key.startswith("venvship-") else key
