"""Links a virtualenv of the runfiles tree into the directory where the command was given."""

from __future__ import annotations

import json
import os
import sys


def main(settings_text: str) -> int:
    settings = json.loads(settings_text)
    runfiles = os.environ.get("RUNFILES_DIR")
    if not runfiles:
        print("the virtualenv can only be linked from a runfiles directory, and there is none", file=sys.stderr)
        return 1
    target = os.path.join(os.path.abspath(runfiles), settings["venv"])
    directory = os.environ.get("BUILD_WORKING_DIRECTORY") or os.environ.get("BUILD_WORKSPACE_DIRECTORY") or os.getcwd()
    name = sys.argv[1] if len(sys.argv) > 1 else settings["link"]
    link = os.path.join(directory, name)
    if os.path.lexists(link) and not os.path.islink(link):
        print(f"{link} is in the way: it is no link", file=sys.stderr)
        return 1
    beside = f"{link}.{os.getpid()}"
    os.symlink(target, beside)
    os.replace(beside, link)
    print(link)
    return 0
