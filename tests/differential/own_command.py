"""Our own command, asked what the cases ask: in this process, for a workspace of all cases."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from differential.case import Answer, Answers, Case, lay_out, outputs_below
from differential.saying import prints

from venvship.cli.main import main
from venvship.session.outcomes import RunPlan


@dataclass(frozen=True)
class OwnCommand:
    """`root` holds the workspace, a home and caches."""

    root: Path

    @property
    def workspace(self) -> Path:
        return self.root / "ws"

    def prepare(self) -> None:
        self.workspace.mkdir(parents=True)
        (self.workspace / "MODULE.bazel").touch()

    def answers(self, case: Case) -> Answers:
        lay_out(case, self.workspace)
        runs = tuple(self._answer(command) for command in case.commands)
        return Answers(runs, outputs_below(self.workspace / "venvship-bin", case, self.workspace))

    def said(self, command: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        stdout, stderr = io.StringIO(), io.StringIO()
        code = main(
            [f"--output_user_root={self.root / 'kept'}", *shlex.split(command)],
            cwd=self.workspace,
            stdout=stdout,
            stderr=stderr,
            replace_process=_started,
            environment={
                "PATH": os.environ["PATH"],
                "HOME": str(self.root),
                "PIP_CONFIG_FILE": os.devnull,
                "UV_NO_CONFIG": "1",
                "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            },
        )
        return code, stdout.getvalue(), stderr.getvalue()

    def _answer(self, command: str) -> Answer:
        code, stdout, stderr = self.said(command)
        lines = stdout.splitlines() if command.startswith("query ") else []
        return Answer(command, code, prints(stderr, str(self.workspace)), tuple(lines))


def _started(plan: RunPlan) -> int:
    """The program of `venvship run` beside this process, which has other cases to ask."""
    return subprocess.run(
        plan.argv,
        env=plan.environment,
        cwd=plan.working_directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    ).returncode
