"""Links the runfiles tree that a virtualenv lies in into the directory where the command was given.

A link to the virtualenv alone would not do: Python follows `bin/python` by its text, from the path that it was started
by, and the interpreter lies elsewhere in the tree.
"""

from __future__ import annotations

import argparse
import json
import os
import sys


def main(settings_text: str) -> int:
    settings = json.loads(settings_text)
    runfiles = os.environ.get("RUNFILES_DIR")
    if not runfiles:
        print("the virtualenv can only be linked from a runfiles directory, and there is none", file=sys.stderr)
        return 1
    target = os.path.abspath(runfiles)
    directory = os.environ.get("BUILD_WORKING_DIRECTORY") or os.environ.get("BUILD_WORKSPACE_DIRECTORY") or os.getcwd()
    parser = argparse.ArgumentParser(prog=os.environ.get("BAZEL_TARGET"), description="Link a virtualenv.")
    parser.add_argument("name", nargs="?", default=settings["link"], help="name of the link (%(default)s)")
    link = os.path.join(directory, parser.parse_args().name)
    if os.path.lexists(link) and not os.path.islink(link):
        print(f"{link} is in the way: it is no link", file=sys.stderr)
        return 1
    beside = f"{link}.{os.getpid()}"
    try:
        os.symlink(target, beside)
        os.replace(beside, link)
    except OSError as error:
        print(f"{link} can't be made: {error.strerror}", file=sys.stderr)
        return 1
    print(os.path.join(link, settings["venv"]))
    return 0
