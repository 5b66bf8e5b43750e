"""`lock`: makes and checks lock files; `lock show` tells what a target would get from one."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.session.lock_making import make_locks
from venvship.session.lock_show import Answer, Locked, Question, as_json, show_lock


def lock(invocation: Invocation) -> int:
    verb, *rest = invocation.words or ("",)
    if rest:
        raise CommandLineError(f"`{rest[0]}` is not expected here", hint="`venvship help lock` lists the flags")
    if verb == "show":
        return _show(invocation)
    if verb:
        hint = "it is `lock`, `lock --check` or `lock show --lock PATH --root MEMBER`"
        raise CommandLineError(f"`lock {verb}` is not a command", hint=hint)
    return _make(invocation)


def _make(invocation: Invocation) -> int:
    check, upgrade = invocation.flags.boolean("check"), invocation.flags.boolean("upgrade")
    with invocation.display() as display, invocation.session(display) as session:
        made = [
            *make_locks(
                session.locks(),
                session.compiled_locks(),
                root=session.root,
                environment=invocation.surroundings.environment,
                check=check,
                upgrade=upgrade,
            ),
            *session.debian_locks(check=check, upgrade=upgrade),
        ]
    for lock_file in made:
        said = "is made anew" if lock_file.changed else "is up to date"
        invocation.surroundings.stdout.write(f"{lock_file.shown} {said}\n")
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
