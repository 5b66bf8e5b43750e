"""Errors as the user sees them, and the exit code that each of them means."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Iterable

from venvship.cli.apparent_names import ApparentNames
from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.errors import EnvironmentProblem, InternalError, SeveralErrors, VenvshipError
from venvship.events.build_events import Severity
from venvship.execution.failures import Interrupted
from venvship.host.files import NoSpaceLeft
from venvship.host.locks import LockHeld
from venvship.loading.bazelrc import ConfigCycle, ImportCycle, RcFileMissing, RcSyntaxError, UnknownConfig
from venvship.loading.workspace import NotInWorkspace
from venvship.query.expression import QuerySyntaxError
from venvship.session.options import UnusableSetting
from venvship.session.outcomes import NotExecutable
from venvship.ui.display import TextOutput
from venvship.ui.messages import message

_PLACES_SHOWN = 5
_BAD_COMMAND_LINE = (
    CommandLineError,
    ConfigCycle,
    ImportCycle,
    NotExecutable,
    NotInWorkspace,
    QuerySyntaxError,
    RcFileMissing,
    RcSyntaxError,
    UnknownConfig,
    UnusableSetting,
)


def exit_code(error: BaseException, *, otherwise: ExitCode = ExitCode.BUILD_FAILED) -> ExitCode:
    """The code for a command that ended with `error`; `otherwise` is for faults of the workspace.

    Of several errors the one that says most counts: our own fault before the machine's before the user's.
    """
    match error:
        case SeveralErrors():
            codes = [exit_code(one, otherwise=otherwise) for one in error.errors]
            return max(codes, key=_weight)
        case KeyboardInterrupt() | Interrupted():
            return ExitCode.INTERRUPTED
        case LockHeld():
            return ExitCode.LOCK_HELD
        case EnvironmentProblem() | OSError():
            return ExitCode.ENVIRONMENT
        case InternalError():
            return ExitCode.INTERNAL_ERROR
        case VenvshipError():
            return ExitCode.BAD_COMMAND_LINE if isinstance(error, _BAD_COMMAND_LINE) else otherwise
        case MemoryError():
            return ExitCode.OUT_OF_MEMORY
        case _:
            return ExitCode.INTERNAL_ERROR


def exit_code_of_all(errors: Iterable[VenvshipError]) -> ExitCode:
    """The code for a build that had these failures and went on as far as it could."""
    return max((exit_code(error) for error in errors), key=_weight, default=ExitCode.SUCCESS)


def print_error(
    error: BaseException, stream: TextOutput, *, colour: bool = False, names: ApparentNames | None = None
) -> None:
    """Each problem with its place, its reason, the way to it and a next step; our own faults with a traceback."""
    texts = merged_texts(error.errors) if isinstance(error, SeveralErrors) else [_text(error)]
    for text in texts:
        shown = text if names is None else names.shown(text)
        stream.write(message(Severity.ERROR, shown, colour=colour) + "\n")
    stream.flush()


def merged_texts(errors: Iterable[VenvshipError]) -> list[str]:
    """What is said of several errors: the same thing only once, with the first way to it and a count of the others."""
    alike: dict[tuple[str, str, str], dict[tuple[str, str], VenvshipError]] = {}
    for error in SeveralErrors(errors).errors:
        # What nobody needed stands for itself, wherever it is said.
        where = "" if error.chain else str(error.place)
        ways = alike.setdefault((where, error.message, str(error.hint)), {})
        ways.setdefault((str(error.place), "\n".join(error.chain)), error)
    return [_merged_text(*ways.values()) for ways in alike.values()]


def _merged_text(first: VenvshipError, *others: VenvshipError) -> str:
    if not others:
        return _text(first)
    places = [place for place in dict.fromkeys(str(other.place) for other in others) if place != str(first.place)]
    where = ", ".join(places[:_PLACES_SHOWN]) + (", …" if len(places) > _PLACES_SHOWN else "")
    more = f"and {len(others)} more target{'' if len(others) == 1 else 's'}" + (f", at {where}" if where else "")
    return _text(VenvshipError(first.message, place=first.place, chain=(*first.chain, more), hint=first.hint))


def _text(error: BaseException) -> str:
    match error:
        case InternalError():
            return _our_fault(error)
        case VenvshipError():
            return str(error)
        case KeyboardInterrupt():
            return "interrupted"
        case MemoryError():
            return "out of memory; try fewer --jobs"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return str(NoSpaceLeft(error.filename))
        case OSError():
            return f"{error.strerror or error}" + (f": `{error.filename}`" if error.filename else "")
        case _:
            return _our_fault(error)


def _our_fault(error: BaseException) -> str:
    trace = "".join(traceback.format_exception(error)).rstrip()
    return f"this is a fault of venvship, not of your workspace; please report it with what follows\n{trace}"


def _weight(code: ExitCode) -> int:
    return _WEIGHTS.index(code)


_WEIGHTS = (
    ExitCode.SUCCESS,
    ExitCode.NO_TESTS,
    ExitCode.TESTS_FAILED,
    ExitCode.QUERY_FAILED,
    ExitCode.BUILD_FAILED,
    ExitCode.BAD_COMMAND_LINE,
    ExitCode.ENVIRONMENT,
    ExitCode.LOCK_HELD,
    ExitCode.OUT_OF_MEMORY,
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL_ERROR,
)
