"""The `.bzl` files of a hub, for BUILD files and macros that name distributions by functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from venvship.rules.python.distributions import package_name

_REQUIREMENTS = '''"""Labels of distributions by their names."""

_HUB = "@@{hub}//"

all_requirements = {all}
all_whl_requirements_by_package = {wheels}
all_whl_requirements = all_whl_requirements_by_package.values()
all_data_requirements = {data}

def _normalised(name):
    base = name.partition("[")[0].strip().lower()
    for separator in ["-", "."]:
        base = base.replace(separator, "_")
    return "_".join([part for part in base.split("_") if part])

def requirement(name):
    """The library of a distribution, by any spelling of its name."""
    return "%s%s:pkg" % (_HUB, _normalised(name))

def whl_requirement(name):
    return "%s%s:whl" % (_HUB, _normalised(name))

def data_requirement(name):
    return "%s%s:data" % (_HUB, _normalised(name))

def dist_info_requirement(name):
    return "%s%s:dist_info" % (_HUB, _normalised(name))

def entry_point(pkg, script = None):
    """A program that starts a script of a distribution."""
    return "%s%s:bin/%s" % (_HUB, _normalised(pkg), script or pkg)

def install_deps(**_kwargs):
    """Has no effect: distributions are fetched when they are needed."""
'''

_DEFS = '''"""What dependency groups hold, and projects by their names."""

load("//:requirements.bzl", "requirement")

VIRTUALENVS = {groups}
_MEMBERS = {members}

def group_deps():
    """Everything that the active dependency group asks for."""
    return ["@@{hub}//:group_deps"]

def group_deps_for(group):
    """The labels of all that one dependency group may need, whichever is active."""
    if group not in _MEMBERS:
        fail("no dependency group `%s`; there are %s" % (group, ", ".join(VIRTUALENVS)))
    return [Label(requirement(name)) for name in _MEMBERS[group]]

_NEVER = ["@@platforms//:incompatible"]

def _chosen(groups, then, otherwise):
    for group in groups:
        if group not in VIRTUALENVS:
            fail("no dependency group `%s`; there are %s" % (group, ", ".join(VIRTUALENVS)))
    return select({"@@{hub}//dep_group:" + group: then for group in groups} | {"//conditions:default": otherwise})

def compatible_with(groups, extra_constraints = []):
    """For `target_compatible_with`: only with these dependency groups."""
    return _chosen(groups, extra_constraints, _NEVER)

def incompatible_with(groups, extra_constraints = []):
    """For `target_compatible_with`: with all but these dependency groups."""
    return _chosen(groups, _NEVER, extra_constraints)
'''


def requirements_bzl(hub: str, names: Iterable[str], *, wheels: Iterable[str]) -> bytes:
    """`requirements.bzl` of a hub; `names` are those that targets may need, `wheels` those of them that have one."""
    packages = [package_name(name) for name in names]
    with_wheels = [package_name(name) for name in wheels]
    return (
        _REQUIREMENTS.replace("{hub}", hub)
        .replace("{all}", _listed(f"@@{hub}//{package}:pkg" for package in packages))
        .replace("{wheels}", _dict({package: f"@@{hub}//{package}:whl" for package in with_wheels}))
        .replace("{data}", _listed(f"@@{hub}//{package}:data" for package in with_wheels))
        .encode()
    )


def defs_bzl(hub: str, groups: Mapping[str, Iterable[str]]) -> bytes:
    """`defs.bzl` of a hub; `groups` has what each group needs, and each project by its name."""
    members = "{" + ", ".join(f'"{group}": {_listed(sorted(groups[group]))}' for group in sorted(groups)) + "}"
    return (
        _DEFS.replace("{hub}", hub).replace("{groups}", _listed(sorted(groups))).replace("{members}", members).encode()
    )


def _listed(texts: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"


def _dict(pairs: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{key}": "{value}"' for key, value in pairs.items()) + "}"
