"""Checks that a shared venv holds everything a program needs.

A program with `external_venv` brings no wheels of its own, so what it reaches through deps must be in the venv. Both
sides are depsets, and in the usual case one is a node of the other's graph, which is seen without listing either.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import field
from typing import Final, Generic, TypeVar

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.model.depset import Depset

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True, order=True)
class WheelKey:
    """A wheel as two programs may share it: equal keys stand for one installed directory.

    `built_for` says of the configuration what its users say of it.
    """

    project: str
    version: str
    configuration: str = ""
    built_for: str = field(default="", compare=False)

    @property
    def import_root(self) -> str:
        """Where it is imported from without a venv, as a runfiles path; empty when nobody knows."""
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """What a program needs or a venv offers: wheels, and import roots by runfiles path, theirs too."""

    wheels: Depset[WheelKey]
    import_roots: Depset[str]


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """A wheel that the venv has in another version, or built for another configuration."""

    needed: WheelKey
    held: WheelKey

    def __str__(self) -> str:
        needed, held = self.needed, self.held
        if needed.version != held.version:
            return f"{needed.project} {needed.version} (the venv holds {held.version})"
        mine, other = needed.built_for, held.built_for
        if self.differs_in_settings:
            return f"{needed.project} {needed.version} (the venv holds that of another configuration)"
        return f"{needed.project} {needed.version} for {mine} (the venv holds that for {other})"

    @property
    def differs_in_settings(self) -> bool:
        """Whether it is the same wheel for the same Python, and nothing but the spelling of settings sets it apart."""
        return self.needed.version == self.held.version and self.needed.built_for == self.held.built_for


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a venv lacks of a closure, sorted; all empty when it covers it."""

    missing: tuple[WheelKey, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    import_roots: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not (self.missing or self.conflicts or self.import_roots)


FULL: Final = Coverage()


class CoverageChecker:
    """Answers once for each pair of closures: many programs share a venv, and many share a closure too."""

    def __init__(self) -> None:
        # Depsets are kept with their answers, so that an identity is not given to another one.
        self._answers: dict[tuple[int, int, int, int], tuple[Closure, Closure, Coverage]] = {}
        self._wheels = _Difference[WheelKey]()
        self._roots = _Difference[str]()

    def coverage(self, program: Closure, venv: Closure) -> Coverage:
        """What `venv` lacks of `program`."""
        if program is venv:
            return FULL
        pair = (id(program.wheels), id(program.import_roots), id(venv.wheels), id(venv.import_roots))
        answer = self._answers.get(pair)
        if answer is None:
            answer = self._answers[pair] = (program, venv, self._compared(program, venv))
        return answer[2]

    def _compared(self, program: Closure, venv: Closure) -> Coverage:
        lacking = self._wheels.lacking(program.wheels, venv.wheels)
        roots = self._roots.lacking(program.import_roots, venv.import_roots)
        if not lacking and not roots:
            return FULL
        known = {wheel.import_root for wheel in program.wheels.to_tuple()} if roots else ()
        held = {wheel.project: wheel for wheel in sorted(venv.wheels.to_tuple(), reverse=True)} if lacking else {}
        return Coverage(
            missing=tuple(sorted(wheel for wheel in lacking if wheel.project not in held)),
            conflicts=tuple(sorted(Conflict(wheel, held[wheel.project]) for wheel in lacking if wheel.project in held)),
            import_roots=tuple(sorted(root for root in roots if root not in known)),
        )


class _Difference(Generic[T]):
    """Differences of depsets; the set of what is offered is made once."""

    def __init__(self) -> None:
        self._offered: dict[int, tuple[Depset[T], frozenset[T]]] = {}

    def lacking(self, needed: Depset[T], offered: Depset[T]) -> Sequence[T]:
        if not needed or needed is offered or any(needed is child for child in offered.transitive):
            return ()
        known = self._offered.get(id(offered))
        if known is None:
            known = self._offered[id(offered)] = (offered, frozenset(offered.to_tuple()))
        return [element for element in needed.to_tuple() if element not in known[1]]


class UncoveredProgram(UserError):
    """A program needs wheels or first-party code that its `external_venv` doesn't hold.

    `required_by` names the first-party target that brings a wheel or an import root; `label_of` gives the label to
    write into deps for it, and None for what the program says itself.
    """

    def __init__(
        self,
        coverage: Coverage,
        *,
        rule: str,
        program: str,
        venv: str,
        required_by: Callable[[WheelKey | str], str],
        label_of: Callable[[WheelKey | str], str | None],
        place: Place | None = None,
    ) -> None:
        sections = [
            _section(
                f"needs wheels that `{venv}` does not hold",
                [f"{wheel.project} {wheel.version}, required by {required_by(wheel)}" for wheel in coverage.missing],
            ),
            _section(
                f"needs other versions of wheels than `{venv}` holds",
                [f"{conflict}, required by {required_by(conflict.needed)}" for conflict in coverage.conflicts],
            ),
            _section(
                f"imports first-party code that `{venv}` does not hold",
                [f"{root}, required by {required_by(root)}" for root in coverage.import_roots],
            ),
        ]
        subject = f"{rule} `{program}` "
        super().__init__(
            f"\n{subject}".join(section for section in ["", *filter(None, sections)]).removeprefix("\n"),
            place=place,
            hint=_hint(coverage, venv, label_of),
        )
        self.coverage = coverage


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)]) if lines else ""


def _hint(coverage: Coverage, venv: str, label_of: Callable[[WheelKey | str], str | None]) -> str:
    parts: list[str] = []
    wanted: list[WheelKey | str] = [*coverage.missing, *coverage.import_roots]
    labels = sorted({label for needed in wanted if (label := label_of(needed)) is not None})
    if labels:
        edit = "\n".join(["    deps = [", *(f'        "{label}",' for label in labels), "    ],"])
        parts.append(f"add them to the deps of `{venv}`, or remove external_venv:\n{edit}")
    if any(label_of(root) is None for root in coverage.import_roots):
        parts.append(
            "`imports` of the program itself reach no shared venv: let a py_library name them, and have it in the deps "
            "of both"
        )
    if any(conflict.differs_in_settings for conflict in coverage.conflicts):
        parts.append(
            f"say `python_version`, `dep_group` and `config_settings` of `{venv}` and of the program alike: what only "
            "one of them says counts, also where it is the default"
        )
    if any(not conflict.differs_in_settings for conflict in coverage.conflicts):
        parts.append(
            "a venv holds one version of a distribution: let both resolve to the same one, with the same dep_group and "
            "Python version, or remove external_venv"
        )
    return "\n".join(parts)
