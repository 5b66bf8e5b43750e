"""The targets that a command line names."""

from __future__ import annotations

from pathlib import Path

from venvship.analysis.analyzer import IncompatibleTarget
from venvship.cli.command_line import CommandLineError
from venvship.cli.flag_values import FlagValues
from venvship.cli.invocation import Invocation
from venvship.cli.surroundings import Session
from venvship.errors import VenvshipError
from venvship.query.packages import Packages
from venvship.query.selection import Filters, Selection, select_targets
from venvship.query.tags import TagFilter
from venvship.session.outcomes import BuildOutcome

_FOR_MANY = frozenset({"build", "test", "coverage"})


class NoTargets(CommandLineError):
    """A command that works on targets was given none."""

    def __init__(self, command: str) -> None:
        if command in _FOR_MANY:
            needed, hint = "at least one target", f"`venvship {command} //...` takes all of the workspace"
        else:
            needed, hint = "a target", f"name one, as in `venvship {command} //package:name`; `query` lists them"
        super().__init__(f"`{command}` needs {needed}", hint=hint)


def pattern_texts(invocation: Invocation) -> tuple[str, ...]:
    """The patterns of the command line or of `--target_pattern_file`; never empty."""
    file = invocation.flags.text("target_pattern_file")
    if not file:
        if not invocation.words:
            raise NoTargets(invocation.command)
        return invocation.words
    if invocation.words:
        raise CommandLineError("targets stand on the command line or in `--target_pattern_file`, not in both")
    lines = _lines(invocation.surroundings.cwd / file)
    patterns = tuple(line for line in lines if line and not line.startswith("#"))
    if not patterns:
        raise NoTargets(invocation.command)
    return patterns


def select(
    invocation: Invocation,
    session: Session,
    texts: tuple[str, ...],
    *,
    for_tests: bool = False,
    packages: Packages | None = None,
) -> Selection:
    """The targets that patterns name in the packages of the session, or in `packages`."""
    invocation.names.learn(session.main_mapping)
    return select_targets(
        texts,
        packages or session.loader,
        relative_to=invocation.package_here(session),
        mapping=session.main_mapping,
        filters=filters(invocation.flags),
        for_tests=for_tests,
    )


def unbuildable(selection: Selection, outcome: BuildOutcome) -> tuple[VenvshipError, ...]:
    """What is wrong with targets that were asked for by name and left out because they fit no target platform."""
    return tuple(
        IncompatibleTarget(
            f"target `{skipped.label}` is incompatible and can't be built, but was asked for by name: {skipped.reason}",
            place=selection.targets[skipped.label].place,
        )
        for skipped in outcome.skipped
        if skipped.label in selection.named
    )


def filters(flags: FlagValues) -> Filters:
    def tags(name: str) -> TagFilter:
        return TagFilter.parse(flags.texts(name))

    return Filters(
        build_tags=tags("build_tag_filters"),
        test_tags=tags("test_tag_filters"),
        test_sizes=tags("test_size_filters"),
        test_timeouts=tags("test_timeout_filters"),
        test_languages=tags("test_lang_filters"),
        manual_tests=flags.boolean("build_manual_tests"),
        tests_only=flags.boolean("build_tests_only"),
    )


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise CommandLineError(f"can't read target patterns from `{path}`: {error}") from error
