"""What can go wrong when a launcher is made."""

from __future__ import annotations

from collections.abc import Iterable

from venvship.errors import EnvironmentProblem, UserError
from venvship.model.platform import Platform


class MalformedLauncherConfig(UserError):
    """Texts that no command line and no environment can hold, or paths of the wrong kind."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "a launcher can't be made for this command line:\n" + "\n".join(f"  {p}" for p in self.problems)
        )


class UnsupportedLauncherPlatform(UserError):
    """There is no launcher for the platform."""

    def __init__(self, platform: Platform, supported: Iterable[str]) -> None:
        self.platform = platform
        self.supported = tuple(supported)
        super().__init__(
            f"there is no launcher for the platform `{platform}`",
            hint=f"programs can be built for {', '.join(self.supported)}",
        )


class LauncherTooLarge(UserError):
    """The command line and environment of a program do not fit into its launcher."""

    def __init__(self, what: str, *, size: int, limit: int) -> None:
        self.what = what
        self.size = size
        self.limit = limit
        super().__init__(
            f"{what} takes {size} bytes, and {limit} is the most that fits",
            hint="move long values into a file of the program's data",
        )


class DamagedLauncherTemplate(EnvironmentProblem):
    """A template in the installation is not the file that was released."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(f"the launcher template `{name}` is damaged: {reason}", hint="install venvship again")
