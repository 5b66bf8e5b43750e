"""Ask the real Bazel what the cases ask, and store its answers.

usage: python -m differential.record [case …]      (from `tests/`; without names: all cases)

A new case is its inputs and an `expected.json` with `area` and the `cmd` of each of its `runs`.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from differential import real_bazel
from differential.case import all_cases, write


def main(names: list[str]) -> int:
    if not real_bazel.installed():
        print(f"`{real_bazel.PROGRAM}` is not installed; on Debian it comes with bazel-bootstrap", file=sys.stderr)
        return 1
    cases = [case for case in all_cases() if not names or case.name in names]
    with tempfile.TemporaryDirectory() as root, real_bazel.running(Path(root)) as bazel:
        version = bazel.version()
        for case in cases:
            if case.modern != "same":
                print(f"{case.name}: kept, for releases of today answer otherwise: {case.modern}")
                continue
            print(case.name)
            write(replace(case, answers=bazel.answers(case)), bazel=version)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
