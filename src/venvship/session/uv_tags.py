"""The tags of the extension `uv` of aspect_rules_py: hubs, their locks, and what is different about distributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from venvship.modules.module_file import Tag
from venvship.session.declared_hubs import DeclaredHubs
from venvship.session.extensions import DEFAULT_BUILD_DEPENDENCIES, Annotations, LockProject, PackageOverride, Patches
from venvship.session.reservations import RESOURCE_SETS
from venvship.session.tag_attributes import TagAttributes
from venvship.wheels.filename import normalise_name

if TYPE_CHECKING:
    from venvship.wheels.entry_points import EntryPoint


def read_uv_tag(tag: Tag, attributes: TagAttributes, hubs: DeclaredHubs) -> None:
    """Add what a tag of the extension `uv` says to the hubs."""
    match tag.name:
        case "declare_hub":
            hubs.declared[attributes.required("hub_name")] = tag.place
        case "project":
            lock = attributes.label("lock")
            attributes.required("lock")
            if lock is not None:
                hubs.projects.append(
                    LockProject(
                        attributes.required("hub_name"),
                        lock,
                        tag.place,
                        attributes.text("name"),
                        attributes.label("pyproject"),
                        build_dependencies=attributes.texts("default_build_dependencies") or DEFAULT_BUILD_DEPENDENCIES,
                        version=attributes.text("version"),
                    )
                )
        case "lockfile":
            lock = attributes.label("src")
            attributes.required("src")
            if lock is not None:
                name = attributes.required("venv_name")
                hubs.projects.append(LockProject(attributes.required("hub_name"), lock, tag.place, name))
        case "annotate_packages":
            lock, source = attributes.label("lock"), attributes.label("src")
            attributes.required("lock")
            attributes.required("src")
            if lock is not None and source is not None:
                hubs.annotations.append(Annotations(lock, source, tag.place))
        case "override_package":
            hubs.overrides.append(_override(tag, attributes))


def _override(tag: Tag, attributes: TagAttributes) -> PackageOverride:
    name = attributes.required("name")
    try:
        name = normalise_name(name) if name else name
    except ValueError as error:
        attributes.refuse(str(error))
    target = attributes.label("target")
    others = sorted(set(tag.arguments) - {"name", "lock", "version", "target"})
    if target is not None and others:
        attributes.refuse(
            f"the override of `{name}` names a target, which takes the place of all else: "
            f"{', '.join(f'`{other}`' for other in others)} can't be given too"
        )
    if target is None and not others:
        attributes.refuse(f"the override of `{name}` changes nothing")
    resources = attributes.text("resource_set")
    if resources not in ("", *RESOURCE_SETS):
        attributes.refuse(
            f"`resource_set` of the override of `{name}` is `{resources}`",
            hint=f"it may be {', '.join(f'`{one}`' for one in RESOURCE_SETS)}",
        )
    return PackageOverride(
        name,
        tag.place,
        lock=attributes.label("lock"),
        version=attributes.text("version") or None,
        target=target,
        console_scripts=_scripts(name, attributes) if "console_scripts" in tag.arguments else None,
        pre_build=Patches(attributes.labels("pre_build_patches"), _strip(attributes, "pre_build")),
        post_install=Patches(attributes.labels("post_install_patches"), _strip(attributes, "post_install")),
        exclude_globs=attributes.texts("exclude_glob"),
        extra_deps=attributes.labels("extra_deps"),
        extra_data=attributes.labels("extra_data"),
        environment=attributes.pairs("env"),
        toolchains=attributes.labels("toolchains"),
        config_settings=attributes.lists("config_settings"),
        monitors_memory=attributes.flag("monitor_memory"),
        resources="" if resources == "default" else resources,
    )


def _scripts(name: str, attributes: TagAttributes) -> tuple[EntryPoint, ...]:
    # Loaded by need: every command reads tags, and few have scripts.
    from venvship.wheels.entry_points import MalformedEntryPoints, parse_script

    found: list[EntryPoint] = []
    for script, reference in sorted(attributes.pairs("console_scripts").items()):
        try:
            found.append(parse_script(script, reference, where=f"`{script} = {reference}`"))
        except MalformedEntryPoints as error:
            attributes.refuse(
                f"`console_scripts` of the override of `{name}`: {error}",
                hint='write them like `{"script": "package.module:function"}`',
            )
    return tuple(found)


def _strip(attributes: TagAttributes, what: str) -> int | None:
    name = f"{what}_patch_strip"
    return attributes.number(name) if name in attributes.tag.arguments else None
