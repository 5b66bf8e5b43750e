"""`lock`: makes and checks lock files; `lock show` tells what a target would get from one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.events.build_events import Severity
from venvship.session.lock_making import make_locks
from venvship.session.lock_show import Answer, Locked, Question, as_json, show_lock
from venvship.ui.messages import message

_MADE = (
    "it makes what MODULE.bazel names: each `uv.lock`, locks of Debian packages, and requirements files that a target "
    "of `compile_pip_requirements` makes"
)


def lock(invocation: Invocation) -> int:
    verb, *rest = invocation.words or ("",)
    if verb != "show":
        return _make(invocation)
    if rest:
        raise CommandLineError(f"`{rest[0]}` is not expected here", hint="`venvship help lock` lists the flags")
    return _show(invocation)


def _make(invocation: Invocation) -> int:
    check, upgrade = invocation.flags.boolean("check"), invocation.flags.boolean("upgrade")
    named = {os.path.abspath(os.path.join(invocation.surroundings.cwd, word)) for word in invocation.words}

    def is_meant(path: Path) -> bool:
        return not named or os.path.abspath(path) in named

    with invocation.display() as display, invocation.session(display) as session:
        made = [
            *make_locks(
                filter(is_meant, session.locks()),
                [one for one in session.compiled_locks() if is_meant(session.root / one.path)],
                root=session.root,
                environment=session.lock_environment(invocation.surroundings.environment),
                check=check,
                upgrade=upgrade,
            ),
            *session.debian_locks(check=check, upgrade=upgrade, only=is_meant),
        ]
        unknown = named - {os.path.abspath(session.root / one.shown) for one in made}
    if unknown:
        raise CommandLineError(f"`{min(unknown)}` is no lock that `venvship lock` makes in this workspace", hint=_MADE)
    if not made:
        text = f"there is no lock to make\n\nhint: {_MADE}"
        invocation.surroundings.stderr.write(message(Severity.INFO, text, colour=invocation.colour) + "\n")
    for lock_file in made:
        said = "is made anew" if lock_file.changed else "is up to date"
        notes = "".join(f"  {note}\n" for note in lock_file.notes)
        invocation.surroundings.stdout.write(f"{lock_file.shown} {said}\n{notes}")
    invocation.surroundings.stdout.flush()
    return ExitCode.SUCCESS


def _show(invocation: Invocation) -> int:
    flags = invocation.flags
    path = flags.text("lock") or "uv.lock"
    question = Question(
        root=flags.text("root"),
        extras=flags.texts("extra"),
        groups=flags.texts("group"),
        python=flags.text("python") or ".".join(str(part) for part in sys.version_info[:3]),
        platform=flags.text("platform"),
    )
    answer = show_lock(Path(invocation.surroundings.cwd, path), question)
    stdout = invocation.surroundings.stdout
    stdout.write(_page(answer, why=flags.text("why"), as_document=flags.boolean("json")))
    stdout.flush()
    return ExitCode.SUCCESS


def _page(answer: Answer, *, why: str, as_document: bool) -> str:
    if why:
        reasons = answer.why(why)
        if as_document:
            rows = [{"requirer": r.requirer, "extra": r.extra, "group": r.group, "name": r.name} for r in reasons]
            return json.dumps(rows, indent=2) + "\n"
        return "".join(f"{reason}\n" for reason in reasons)
    if as_document:
        return json.dumps(as_json(answer.distributions), indent=2) + "\n"
    return "".join(f"{line}\n" for line in _table(answer.distributions))


def _table(distributions: Iterable[Locked]) -> Iterable[str]:
    rows = [(one.name, one.version or "-", one.file or "-", one.source) for one in distributions]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for name, version, file, source in rows:
        yield f"{name:{widths[0]}}  {version:{widths[1]}}  {file:{widths[2]}}  {source}"
