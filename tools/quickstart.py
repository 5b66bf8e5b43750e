"""Build, test, run and ship the example, and say at each step what happens and how long it took.

    .venv/bin/python tools/quickstart.py

`make quickstart` calls this once venvship is installed. Everything is done with the commands that a user types; each
is printed before it runs. The exit code is 0 when every step did what it should, else 1.

A run leaves a note in the output base. When the next run finds that neither the example nor venvship has changed
since, no action may run, and it is a failure if one does. `--strict` also makes it one if this machine can start no
program in a root directory, or has podman and runc and cannot start a container, or if images can't begin with the
Debian packages of the example's lock.

Archives keep the newest version of a package only. When the lock names one that is gone, it is made anew, which
changes a file of the checkout; what changes, and that it does, is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE = PROJECT / "examples" / "shopfront"
VENVSHIP = PROJECT / ".venv" / "bin" / "venvship"
RUN_IN_ROOT = PROJECT / "tools" / "run_in_root.py"

IMAGE = "//apps/api:api_image"
API_PROGRAM = Path("venvship-bin/apps/api/api")
LAYOUT = Path("venvship-bin/apps/api/api_image")
LOCK = "debian.lock.json"
MACHINE_BASE = "--//:base=//:machine_base"
START_SECONDS = 60
NOT_POSSIBLE = 126  # run_in_root: this machine can't

_NOTE = "quickstart.json"
_ADDRESS = re.compile(r"listening on (http://\S+)")
_TESTS_RUN = re.compile(r"^Executed ([0-9]+) out of ", re.MULTILINE)
# What builds say of a locked package that is gone, and of a base that can't be had or doesn't fit the interpreter.
_GONE = re.compile(r"no archive has the Debian package")
_NO_BASE = re.compile(
    r"no mirror of Debian packages|no mirror has the suite|\.deb: |/InRelease: |nothing vouches for the release|`gpgv`"
    r"|the base of the image lacks"
)
_ACTIONS_RUN = re.compile(r"\bActions: ([0-9]+) run\b")


class Failed(Exception):
    """A step did not do what it should; `hint` says what to look at, `code` and `output` are those of a command."""

    def __init__(self, text: str, hint: str = "", *, code: int | None = None, output: str = "") -> None:
        super().__init__(text)
        self.hint = hint
        self.code = code
        self.output = output


class Steps:
    """Numbered headings, and the seconds between them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._number = 0
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self._number += 1
        say(f"\n=== {self._number}/{self._count} {title}")
        begin = time.monotonic()
        yield
        seconds = time.monotonic() - begin
        self.times.append((title, seconds))
        say(f"--- done in {seconds:.1f} s")


def say(text: str) -> None:
    print(text, flush=True)


def venvship(*words: str) -> str:
    """Run a command in the example, showing what it prints; returns that."""
    return shown([str(VENVSHIP), *words], shown_as=["venvship", *words])


def shown(command: Sequence[str], *, shown_as: Sequence[str]) -> str:
    say(f"$ {shlex.join(shown_as)}")
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=EXAMPLE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            print(f"  {line}", end="", flush=True)
    if process.returncode != 0:
        code = process.returncode
        raise Failed(
            f"`{shlex.join(shown_as)}` ended with exit code {code}", _hint(code), code=code, output="".join(lines)
        )
    return "".join(lines)


def _hint(code: int) -> str:
    return {
        36: "the network or this machine: what is above names the index or the tool that is missing",
        37: "a fault of venvship itself; please report what is above",
        NOT_POSSIBLE: "install bubblewrap, or run as root; podman without root needs ranges in /etc/subuid and "
        "/etc/subgid",
    }.get(code, "what is above says why")


def actions_run(output: str) -> int:
    """How many actions a build says it ran."""
    found = _ACTIONS_RUN.findall(output)
    if not found:
        raise Failed("the build did not say how many actions ran", "a fault of venvship itself; please report it")
    return int(found[-1])


def tests_run(output: str) -> int:
    """How many tests were executed, and not answered by an earlier run."""
    found = _TESTS_RUN.findall(output)
    if not found:
        raise Failed("`venvship test` did not say how many tests it executed", "a fault of venvship; please report it")
    return int(found[-1])


# The steps


def look_around() -> None:
    if not VENVSHIP.exists():
        raise Failed(f"{VENVSHIP} is not there", "run `make quickstart`, which installs it")
    say(f"  {platform.system()} {platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} CPUs")
    for name in ("bwrap", "podman", "runc"):
        say(f"  {name}: {shutil.which(name) or 'not installed'}")
    venvship("version")
    venvship("info", "output_base")


class Example:
    """The commands that build the example, with the base that its images get on this machine."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._flags: tuple[str, ...] = ()

    def venvship(self, command: str, *words: str) -> str:
        return venvship(command, *self._flags, *words)

    def build(self) -> str:
        """Build everything; where the base of the images stands in the way, do what helps and say so."""
        try:
            try:
                return self.venvship("build", "//...")
            except Failed as failure:
                if not _GONE.search(failure.output):
                    raise
                say("  archives have newer packages than the lock of the example names; locking those")
                venvship("lock", LOCK)
                say(f"  {EXAMPLE.relative_to(PROJECT) / LOCK} of this checkout is changed by that")
                return self.venvship("build", "//...")
        except Failed as failure:
            if self._strict or not _NO_BASE.search(failure.output):
                raise
            say("  images begin with the libraries of this machine instead of Debian packages: what is above says why")
            say("  an archive of Debian packages is named with `common --debian_mirror=URL` in user.bazelrc")
            self._flags = (MACHINE_BASE,)
            return self.venvship("build", "//...")


def answer_requests() -> None:
    """Start the server that was built, ask it two things, end it."""
    program = EXAMPLE / API_PROGRAM
    if not program.exists():
        raise Failed(f"`{API_PROGRAM}` was not built", "the build says where outputs lie; look for `venvship-bin`")
    command = [str(API_PROGRAM), "--port", "0"]
    say(f"$ {shlex.join(command)} &")
    with subprocess.Popen(
        command, cwd=EXAMPLE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            address = _address(process)
            for path in ("/healthz", "/products/COF-001"):
                say(f"$ curl {address}{path}")
                say(f"  {_fetched(address + path)}")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                code = process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            for line in process.stdout:
                print(f"  {line}", end="", flush=True)
    if code != 0:
        raise Failed(f"the server ended with exit code {code} after SIGTERM, and should end with 0")
    say("  ended by SIGTERM with exit code 0")


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    # A server that says nothing is ended, which ends the loop below.
    signal.signal(signal.SIGALRM, lambda number, frame: process.kill())
    signal.alarm(START_SECONDS)
    try:
        for line in process.stdout:
            print(f"  {line}", end="", flush=True)
            if found := _ADDRESS.search(line):
                return found[1]
    finally:
        signal.alarm(0)
    raise Failed("the server ended before it said where it listens", "what it printed is above")


def _fetched(url: str) -> str:
    # Not through a proxy, which could not reach this machine's own address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=START_SECONDS) as answer:
            return f"{answer.status} {json.loads(answer.read())}"
    except (urllib.error.URLError, ValueError, OSError) as error:
        raise Failed(f"{url} did not answer as it should: {error}") from error


def run_the_image(*, strict: bool) -> None:
    _check_in_image([], strict=strict)


def run_with_podman(*, strict: bool) -> None:
    if shutil.which("podman") is None or shutil.which("runc") is None:
        say("  podman and runc are not both installed; left out")
        return
    _check_in_image(["--with", "podman"], strict=strict)


def _check_in_image(options: Sequence[str], *, strict: bool) -> None:
    """Run the API of the image against itself. Only with `strict` is it a failure when this machine cannot do that."""
    words = [*options, str(LAYOUT), "--", "--check"]
    try:
        output = shown([sys.executable, str(RUN_IN_ROOT), *words], shown_as=["python", "tools/run_in_root.py", *words])
    except Failed as failure:
        if strict or failure.code != NOT_POSSIBLE:
            raise
        say("  left out: this machine does not allow it")
        return
    if "200 GET" not in output:
        raise Failed("the program in the image did not answer its own requests", "what it printed is above")


def build_again(example: Example, built: str, tested: str) -> str:
    """Whether the first build and the tests had to be idle is known from the note of the run before."""
    note = _note_path()
    fingerprint = _fingerprint()
    ran = actions_run(built) + actions_run(tested)
    executed = tests_run(tested)
    same = note.exists() and note.read_text("utf-8") == fingerprint
    again = actions_run(example.venvship("build", "//..."))
    if again != 0:
        raise Failed(f"{again} actions ran although nothing had changed", "a fault of venvship; please report it")
    if same and (ran or executed):
        raise Failed(
            f"{ran} actions and {executed} tests ran although nothing had changed since the last quickstart",
            "a fault of venvship; please report it",
        )
    note.write_text(fingerprint, "utf-8")
    if same:
        return "no action ran and no test was executed: nothing had changed since the last quickstart"
    return f"{ran} actions ran and {executed} tests were executed; run `make quickstart` again to see it idle"


def _note_path() -> Path:
    command = [str(VENVSHIP), "info", "output_base"]
    done = subprocess.run(command, cwd=EXAMPLE, check=False, capture_output=True, text=True)
    path = Path(done.stdout.strip().removeprefix("output_base: "))
    if done.returncode != 0 or not path.is_dir():
        raise Failed(f"`venvship info output_base` does not name a directory: {done.stdout}{done.stderr}")
    return path / _NOTE


def _fingerprint() -> str:
    """What the outputs follow from: the example, venvship, and the interpreter."""
    lines = [platform.python_version(), platform.platform()]
    for directory in (EXAMPLE, PROJECT / "src"):
        for parent, names, files in os.walk(directory):
            names[:] = sorted(name for name in names if name not in ("__pycache__", ".venv"))
            for name in sorted(files):
                path = Path(parent, name)
                lines.append(f"{path.relative_to(PROJECT)} {hashlib.sha256(path.read_bytes()).hexdigest()}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="quickstart", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strict", action="store_true", help="it is a failure if the image cannot run here")
    options = parser.parse_args(words)

    example = Example(strict=options.strict)
    outputs: list[str] = []
    conclusions: list[str] = []
    plan: list[tuple[str, Callable[[], object]]] = [
        ("What is here", look_around),
        ("Build everything: programs, their virtualenvs, images", lambda: outputs.append(example.build())),
        ("Run the tests", lambda: outputs.append(example.venvship("test", "//..."))),
        ("Start the API that was built and ask it", answer_requests),
        (
            "Run the command line, which shares a virtualenv",
            lambda: example.venvship("run", "//apps/cli:shop", "--", "table"),
        ),
        ("What is in the image", lambda: example.venvship("image", "show", IMAGE)),
        ("Run the image's program in a root directory without a shell", lambda: run_the_image(strict=options.strict)),
        ("Run the image with podman and runc", lambda: run_with_podman(strict=options.strict)),
        ("Build again: nothing may run", lambda: conclusions.append(build_again(example, *outputs))),
    ]
    steps = Steps(len(plan))
    try:
        for title, action in plan:
            with steps.step(title):
                action()
    except Failed as failure:
        print(f"\nquickstart: {failure}", file=sys.stderr)
        if failure.hint:
            print(f"hint: {failure.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nquickstart: interrupted", file=sys.stderr)
        return 130
    say("")
    for title, seconds in steps.times:
        say(f"{seconds:7.1f} s  {title}")
    say(f"\nquickstart: {conclusions[0]}")
    say(f"Next: cd {shlex.quote(str(EXAMPLE.relative_to(PROJECT)))} and ../../.venv/bin/venvship help")
    return 0


if __name__ == "__main__":
    sys.exit(main())
