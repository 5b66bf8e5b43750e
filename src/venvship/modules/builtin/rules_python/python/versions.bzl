"""Which CPythons can be had as archives, by version and platform."""

MACOS_NAME = "osx"
LINUX_NAME = "linux"
WINDOWS_NAME = "windows"

FREETHREADED = "-freethreaded"
MUSL = "-musl"
INSTALL_ONLY = "install_only"

DEFAULT_RELEASE_BASE_URL = _venvship.python_archives_base

def _tools():
    found = {}
    for version, platform, path, sha256 in _venvship.python_archives():
        tool = found.setdefault(version, {"url": {}, "sha256": {}, "strip_prefix": "python"})
        tool["url"][platform] = path
        tool["sha256"][platform] = sha256
    return found

def _newest():
    # Archives come in the order of their versions.
    return {version.rpartition(".")[0]: version for version in TOOL_VERSIONS}

def _platform(triple):
    arch, _, system = triple.partition("-")
    os = MACOS_NAME if system.startswith("apple") else LINUX_NAME
    return struct(
        arch = arch,
        compatible_with = ["@platforms//os:" + os, "@platforms//cpu:" + arch],
        flag_values = {},
        os_name = os,
        target_settings = [],
    )

TOOL_VERSIONS = _tools()
MINOR_MAPPING = _newest()
PLATFORMS = {platform: _platform(platform) for tool in TOOL_VERSIONS.values() for platform in tool["sha256"]}

_GNU = {"unknown-linux-gnu": (LINUX_NAME, "glibc")}
_USUAL = _GNU | {
    "apple-darwin": (MACOS_NAME, None),
    "pc-windows-msvc": (WINDOWS_NAME, None),
    "unknown-linux-musl": (LINUX_NAME, "musl"),
}
_SYSTEMS = {"aarch64": _USUAL, "x86_64": _USUAL, "i386": _GNU, "ppc64le": _GNU, "riscv64": _GNU, "s390x": _GNU}

def get_release_info(platform, python_version, base_url = DEFAULT_RELEASE_BASE_URL, tool_versions = TOOL_VERSIONS):
    """File name, addresses, prefix to strip, and patches with what to strip of their paths, of one archive."""
    tool = tool_versions[python_version]
    paths = tool["url"]
    if type(paths) == "dict":
        paths = paths[platform]
    urls = []
    for path in [paths] if type(paths) == "string" else paths:
        path = path.format(platform = platform, python_version = python_version, build = INSTALL_ONLY)
        urls.append(path if "://" in path else base_url + "/" + path)
    filename = urls[0].rpartition("/")[2]
    return filename, urls, tool.get("strip_prefix"), tool.get("patches", []), tool.get("patch_strip")

def gen_python_config_settings(name = ""):
    """A condition for each platform that rules_python knows, called like it.

    Args:
      name: what the names of conditions begin with.
    """
    for arch, systems in _SYSTEMS.items():
        for system, (os, libc) in systems.items():
            for suffix, freethreaded in [("", "no"), (FREETHREADED, "yes")]:
                flags = {"py_freethreaded": freethreaded}
                if libc:
                    flags["py_linux_libc"] = libc
                native.config_setting(
                    name = name + arch + "-" + system + suffix,
                    constraint_values = [Label("@platforms//os:" + os), Label("@platforms//cpu:" + arch)],
                    flag_values = {Label("//python/config_settings:" + flag): value for flag, value in flags.items()},
                )
