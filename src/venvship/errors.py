"""The roots of all exceptions.

Ask who must act: the author of the workspace or of the command (`UserError`), whoever looks after the machine or
the network (`EnvironmentProblem`), or us (`InternalError`).
"""

from __future__ import annotations

from collections.abc import Iterable

from venvship.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file the user wrote; `line` and `column` count from 1, and 0 means unknown."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)])


class VenvshipError(Exception):
    """An error that is shown to the user as place, reason, the chain that led there, and a hint.

    `chain` lists what needed the failing thing, outermost last, one entry a line. No text of it has the user and
    password of an address, whoever wrote them there.
    """

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        chain: Iterable[str] = (),
        hint: str | None = None,
    ) -> None:
        self.message = without_passwords(message)
        super().__init__(self.message)
        self.place = place
        self.chain = tuple(without_passwords(step) for step in chain)
        self.hint = None if hint is None else without_passwords(hint)

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.message}" if self.place else self.message]
        lines += [f"  {step}" for step in self.chain]
        if self.hint:
            lines += ["", f"hint: {self.hint}"]
        return "\n".join(lines)


def without_passwords(text: str) -> str:
    """A text for the user, in which addresses have no user and password.

    >>> without_passwords("`http://robot:secret@host/simple` and `ssh://git@host/x`, asked for by `@host//:x`")
    '`http://host/simple` and `ssh://git@host/x`, asked for by `@host//:x`'
    """
    if "@" not in text or "://" not in text:
        return text
    import re  # Few errors tell of addresses.

    # A name without a password may be a token where it is sent to a web server.
    text = re.sub(r"(?<=http://|ttps://)[^\s/?#`]*@", "", text)
    return re.sub(r"(://[^\s/?#`:@]*):[^\s/?#`]*@", r"\1@", text)


class UserError(VenvshipError):
    """The workspace or the command must change."""


class EnvironmentProblem(VenvshipError):
    """The machine or the network must change; the same command may then succeed."""


class InternalError(VenvshipError):
    """A promise of our own code is broken."""


class SeveralErrors(UserError):
    """All problems of one kind, reported at once; never empty, never nested."""

    def __init__(self, errors: Iterable[VenvshipError]) -> None:
        flat: list[VenvshipError] = []
        for error in errors:
            if isinstance(error, SeveralErrors):
                flat.extend(error.errors)
            else:
                flat.append(error)
        super().__init__("\n\n".join(str(error) for error in flat))
        self.errors: tuple[VenvshipError, ...] = tuple(flat)
