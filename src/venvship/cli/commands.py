"""The commands: what they are called and what help says of them."""

from __future__ import annotations

# (name, what stands after it, what it does); plain tuples, because `help` must not wait for imports.
COMMANDS = (
    ("build", "TARGETS", "make the outputs of targets"),
    ("run", "TARGET [-- ARGUMENTS]", "build a program and start it; its exit code becomes that of the command"),
    ("test", "TARGETS", "build and run tests"),
    ("coverage", "TARGETS", "build and run tests, and report which lines of their sources ran"),
    ("query", "EXPRESSION", "ask about targets and what they depend on"),
    (
        "image",
        "show TARGET | explain TARGET | diff OLD NEW | why PATH TARGET",
        "tell what a container image holds and why, what a pull would fetch, and which layer has a path",
    ),
    ("lock", "[show | PATH...]", "make and check the lock files; show tells what a target would get from one"),
    ("sync", "[TARGETS]", "write the virtualenv `.venv` at the root, for editors"),
    ("info", "[KEY...]", "tell where things are"),
    ("clean", "", "remove outputs; with --expunge all that is kept for the workspace"),
    ("version", "", "tell the version"),
    ("help", "[COMMAND]", "tell about commands and their flags"),
)


def command_names() -> tuple[str, ...]:
    return tuple(name for name, _, _ in COMMANDS)


def overview() -> str:
    """What `help` says without a command."""
    lines = ["Usage: venvship [STARTUP OPTIONS] COMMAND [OPTIONS] [TARGETS]", "", "Commands:"]
    width = max(len(f"{name} {words}") for name, words, _ in COMMANDS)
    lines += [f"  {f'{name} {words}':{width}}  {summary}" for name, words, summary in COMMANDS]
    lines += ["", "`venvship help COMMAND` lists the flags of a command, `venvship help startup` those before it."]
    return "\n".join(lines)
