"""Cases: inputs of one package each, commands, and what Bazel answered to them.

A case is a directory. Its files are the package of the case's name in a workspace that all cases share (a `BUILD.in`
becomes the `BUILD` file there, so that no tool takes this directory for a workspace of its own). `expected.json` holds
the commands and the answers: exit status, what `print` said and where, the standard output of queries, and what the
outputs of the package are. The wording of errors is no part of an answer.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

CASES = Path(__file__).parent / "cases"
_ANSWERS = "expected.json"
_MOST_TEXT = 4000
_BOOKKEEPING = (".params", ".runfiles_manifest", ".runfiles_stamp")

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True, order=True)
class Print:
    """What `print` said; `at` is file, line and column."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How one command ended. Prints are sorted, for the order of packages and of targets is nobody's promise.

    `messages` are what else it said, for the eye: they are not held against anything.
    """

    command: str
    exit_code: int
    prints: tuple[Print, ...]
    stdout: tuple[str, ...]
    messages: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Output:
    """A file below `bazel-bin`: its text, where it leads if it is a link, and whether it may be executed.

    The last is not compared: Bazel makes all files executable that actions made.
    """

    text: str | None
    link: str | None
    executable: bool = field(compare=False)


@dataclass(frozen=True, slots=True)
class Answers:
    """All that is held against another program."""

    runs: tuple[Answer, ...]
    outputs: dict[str, Output]


@dataclass(frozen=True, slots=True)
class Case:
    """`modern` is `same`, or says how the releases of today answer, which is then what `answers` holds."""

    name: str
    area: str
    note: str
    modern: str
    commands: tuple[str, ...]
    answers: Answers


def all_cases() -> tuple[Case, ...]:
    return tuple(read(path.parent) for path in sorted(CASES.glob(f"*/{_ANSWERS}")))


def read(directory: Path) -> Case:
    document = json.loads((directory / _ANSWERS).read_text())
    runs = tuple(
        Answer(
            command=run["cmd"],
            exit_code=run.get("exit", 0),
            prints=tuple(Print(said["at"], said["msg"]) for said in run.get("prints", [])),
            stdout=tuple(run.get("stdout", [])),
            messages=tuple(run.get("messages", [])),
        )
        for run in document["runs"]
    )
    outputs = {
        path: Output(
            text=facts.get("content"), link=facts.get("link"), executable=bool(int(facts["mode"], 8) & stat.S_IXUSR)
        )
        for path, facts in document.get("outputs", {}).items()
    }
    return Case(
        name=directory.name,
        area=document["area"],
        note=document.get("note", ""),
        modern=document.get("modern", "same"),
        commands=tuple(run.command for run in runs),
        answers=Answers(runs, outputs),
    )


def write(case: Case, *, bazel: str) -> None:
    document: Json = {
        "case": case.name,
        "area": case.area,
        "bazel": bazel,
        "modern": case.modern,
        "note": case.note,
        "runs": [
            {
                "cmd": run.command,
                "exit": run.exit_code,
                "prints": [{"at": said.at, "msg": said.text} for said in run.prints],
                "messages": list(run.messages),
                "stdout": list(run.stdout),
            }
            for run in case.answers.runs
        ],
        "outputs": {path: _facts(output) for path, output in sorted(case.answers.outputs.items())},
    }
    (CASES / case.name / _ANSWERS).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def lay_out(case: Case, workspace: Path) -> None:
    """Put the inputs of `case` into `workspace`."""
    source = CASES / case.name
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.name == _ANSWERS:
            continue
        target = workspace / case.name / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.name in ("BUILD.in", "BUILD.bazel.in"):
            target = target.with_suffix("")
        target.write_bytes(path.read_bytes())
        target.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


def outputs_below(binaries: Path, case: Case, workspace: Path) -> dict[str, Output]:
    """What lies in the output directory of the case, but for what programs are run with and told by."""
    found: dict[str, Output] = {}
    root = binaries / case.name
    waiting = [root]
    for directory, names, files in (entry for start in waiting for entry in os.walk(start)):
        names[:] = [name for name in names if not name.endswith(".runfiles")]
        links = [name for name in names if os.path.islink(os.path.join(directory, name))]
        # A directory may lie elsewhere and be linked to: that is not the link that a rule asked for.
        trees = [name for name in links if not _place(Path(directory, name), binaries, workspace).startswith("<")]
        waiting.extend(Path(directory, tree) for tree in trees)
        for name in files + [name for name in links if name not in trees]:
            path = Path(directory, name)
            if name.endswith(_BOOKKEEPING):
                continue
            found[path.relative_to(root).as_posix()] = _output(path, binaries, workspace)
    return found


def _output(path: Path, binaries: Path, workspace: Path) -> Output:
    if path.is_dir() or not path.exists():
        return Output(text=None, link=_place(path, binaries, workspace), executable=False)
    text = path.read_bytes().decode(errors="backslashreplace").replace(str(workspace), "<ws>")
    return Output(
        text=text[:_MOST_TEXT],
        link=_place(path, binaries, workspace) if path.is_symlink() else None,
        executable=bool(path.stat().st_mode & stat.S_IXUSR),
    )


def _place(link: Path, binaries: Path, workspace: Path) -> str:
    """What a link leads to in the end. Whether it says so in one step or in several, and how, is left free."""
    end = link.resolve()
    for root, name in ((binaries.resolve(), "<bin>"), (workspace.resolve(), "<ws>")):
        if end.is_relative_to(root):
            return f"{name}/{end.relative_to(root).as_posix()}"
    return os.readlink(link)


def _facts(output: Output) -> Json:
    facts: dict[str, Json] = {"mode": "0o555" if output.executable else "0o444"}
    if output.link is not None:
        facts["link"] = output.link
    if output.text is not None:
        facts["content"] = output.text
    return facts
