"""The extensions that are built in, the tags that each takes, and the attributes of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from venvship.errors import VenvshipError
from venvship.modules.module_file import Tag
from venvship.session.tag_attributes import MistakenTag

UV: Final = "@@aspect_rules_py//uv:extensions.bzl%uv"
UV_UNSTABLE: Final = "@@aspect_rules_py//uv/unstable:extension.bzl%uv"
_UV_BINARY: Final = "@@aspect_rules_py//uv:extensions.bzl%uv_bin"
INTERPRETERS: Final = "@@aspect_rules_py//py:extensions.bzl%python_interpreters"
INTERPRETERS_UNSTABLE: Final = "@@aspect_rules_py//py/unstable:extension.bzl%python_interpreters"
_TOOLS: Final = "@@aspect_rules_py//py:extensions.bzl%py_tools"
PYTHON: Final = "@@rules_python//python/extensions:python.bzl%python"
PIP: Final = "@@rules_python//python/extensions:pip.bzl%pip"
CONFIG: Final = "@@rules_python//python/extensions:config.bzl%config"
_RULES_PYTHON_UV: Final = "@@rules_python//python/uv:uv.bzl%uv"

FOR_TOOLS: Final = frozenset({_UV_BINARY, _TOOLS, _RULES_PYTHON_UV})
"""Extensions that fetch programs for other rule sets, which nothing here needs."""

_UV_TAGS: Final = {
    "declare_hub": frozenset({"hub_name"}),
    "project": frozenset({"hub_name", "lock", "pyproject", "name", "version", "default_build_dependencies"}),
    "annotate_packages": frozenset({"lock", "src"}),
    "override_package": frozenset(
        {
            *(
                "name",
                "lock",
                "version",
                "target",
                "console_scripts",
                "exclude_glob",
                "extra_deps",
                "extra_data",
                "env",
            ),
            *("pre_build_patches", "pre_build_patch_strip", "post_install_patches", "post_install_patch_strip"),
            *("toolchains", "config_settings", "monitor_memory", "resource_set"),
        }
    ),
}
# What is always done as these ask, or concerns how pip is called.
_AS_ALWAYS: Final = frozenset(
    {
        *("enable_implicit_namespace_pkgs", "experimental_requirement_cycles", "experimental_target_platforms"),
        *("parallel_download", "quiet", "simpleapi_skip", "target_platforms", "timeout", "use_hub_alias_dependencies"),
    }
)
_OF_INDEXES: Final = frozenset(
    {
        *("auth_patterns", "envsubst", "experimental_extra_index_urls", "experimental_index_url"),
        *("experimental_index_url_overrides", "extra_pip_args", "netrc"),
    }
)
_SETTINGS: Final = "indexes of the settings of pip and uv on this machine are asked too, after those that are named"
_BUILDS: Final = "what has no wheel is built with the Python that is built for; `override_package` of `uv` takes `env`"
_PLATFORMS: Final = "platforms are those of `--platforms`, each with the tags and markers of its own"
_NO_VERSION: Final = "write the version: `python_version`"
WITHOUT_EFFECT: Final[Mapping[str, str]] = {
    "isolated": _SETTINGS,
    **dict.fromkeys(
        (
            *("add_libdir_to_library_search_path", "download_only", "environment"),
            *("python_interpreter", "python_interpreter_target"),
        ),
        _BUILDS,
    ),
    **dict.fromkeys(
        (
            *("arch_name", "config_settings", "env", "marker", "os_name"),
            *("platform", "whl_abi_tags", "whl_platform_tags"),
        ),
        _PLATFORMS,
    ),
    "pip_data_exclude": "leave files out with `data_exclude_glob` of `whl_mods`",
    "pyproject_toml": _NO_VERSION,
}
"""Attributes of tags of `pip` that are accepted and change nothing, with what does instead."""
_OF_DEFAULT: Final = frozenset(
    {
        *("arch_name", "config_settings", "env", "marker", "os_name", "platform"),
        *("whl_abi_tags", "whl_platform_tags"),
    }
)
COPIED_FILES: Final = frozenset({"copy_files", "copy_executables"})
LOCKS_OF_SYSTEMS: Final = {
    "requirements_linux": "linux_*",
    "requirements_darwin": "macos_*",
    "requirements_windows": "windows_*",
}
"""Attributes of `pip.parse` that name a lock, with the platforms that it is for."""

_INTERPRETER_TAGS: Final = {
    "toolchain": frozenset(
        {
            *("python_version", "is_default", "pre_release"),
            *("config_settings", "target_compatible_with", "exec_compatible_with"),
        }
    ),
    "configure": frozenset({"releases", "base_url", "build_config"}),
}
TAGS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    UV: _UV_TAGS,
    # Releases before 1.9 call a project and its lock a venv.
    UV_UNSTABLE: {
        **_UV_TAGS,
        "declare_venv": frozenset({"hub_name", "venv_name"}),
        "lockfile": frozenset({"hub_name", "venv_name", "src"}),
    },
    _UV_BINARY: {"toolchain": frozenset({"name", "version", "urls", "sha256s", "strip_prefix"})},
    _TOOLS: {"rules_py_tools": frozenset({"name"})},
    INTERPRETERS: _INTERPRETER_TAGS,
    INTERPRETERS_UNSTABLE: _INTERPRETER_TAGS,
    PYTHON: {
        "toolchain": frozenset(
            {"python_version", "is_default", "configure_coverage_tool", "ignore_root_user_error"},
        ),
        "defaults": frozenset({"python_version", "python_version_env", "python_version_file"}),
        "override": frozenset(
            {"base_urls", "available_python_versions", "minor_mapping", "register_all_versions"}
            | {"ignore_root_user_error"}
        ),
        "single_version_override": frozenset(
            {"python_version", "sha256", "urls", "strip_prefix", "patches", "patch_strip"}
        ),
        "single_version_platform_override": frozenset(
            {"python_version", "platform", "sha256", "urls", "strip_prefix", "patches", "patch_strip"},
        ),
    },
    PIP: {
        "parse": frozenset({"hub_name", "python_version", "requirements_lock", "uv_lock", "extra_hub_aliases"})
        | frozenset({"requirements_by_platform", "whl_modifications", *LOCKS_OF_SYSTEMS})
        | _AS_ALWAYS
        | _OF_INDEXES
        | (WITHOUT_EFFECT.keys() - _OF_DEFAULT),
        "whl_mods": frozenset({"hub_name", "whl_name", "data", "srcs_exclude_glob", "data_exclude_glob"})
        | {"additive_build_content", "additive_build_content_file"}
        | COPIED_FILES,
        "override": frozenset({"file", "patches", "patch_strip"}),
        "dep": frozenset({"name", "extra_targets"}),
        "default": _OF_DEFAULT | {"default_hub", "index_url", "auth_patterns", "netrc", "pyproject_toml"},
    },
    CONFIG: {
        "add_transition_setting": frozenset({"setting"}),
        "explicit_init_py": frozenset({"default"}),
    },
    _RULES_PYTHON_UV: {
        "default": frozenset(
            {"base_url", "compatible_with", "manifest_filename", "platform", "target_settings", "version", "auth"}
        ),
        "configure": frozenset(
            {"base_url", "compatible_with", "manifest_filename", "platform", "target_settings", "version", "auth"}
            | {"sha256", "urls"}
        ),
    },
}


def tag_problem(extension: str, tag: Tag) -> VenvshipError | None:
    allowed = TAGS[extension].get(tag.name)
    if allowed is None and tag.name == "override_requirement":
        hint = "write `override_package(lock = ..., name = ..., target = ...)`, which is for a lock"
        return MistakenTag(
            "tag `override_requirement` is for a venv, of which there are none", place=tag.place, hint=hint
        )
    if allowed is None:
        known = ", ".join(sorted(TAGS[extension]))
        return MistakenTag(f"extension `{extension}` has no tag `{tag.name}`", place=tag.place, hint=f"tags: {known}")
    unknown = sorted(set(tag.arguments) - allowed)
    if unknown:
        return MistakenTag(
            f"tag `{tag.name}` does not support {', '.join(f'`{name}`' for name in unknown)}",
            place=tag.place,
            hint=f"supported are {', '.join(sorted(allowed))}",
        )
    return None
