"""Refused when they are run: `venvship sync` makes virtualenvs."""

load("@venvship//foreign:rules.bzl", "foreign_target")

def create_venv(name, **_kwargs):
    """A target that tells what makes a virtualenv here.

    Args:
      name: name of the target.
      **_kwargs: what it would hold, which has no effect.
    """
    foreign_target(
        name = name,
        kind = "create_venv",
        reason = "virtualenvs are made without a target of their own",
        advice = "`venvship sync` makes `.venv` at the root of the workspace",
    )

sync_venv = create_venv
