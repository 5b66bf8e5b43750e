"""Files of many places in one directory."""

load(":glob_match.bzl", "glob_match")
load(":paths.bzl", "to_repository_relative_path")

COPY_TO_DIRECTORY_TOOLCHAINS = []

_COPY = """set -euo pipefail
out="$1"
list="$2"
mkdir -p "$out"
while IFS= read -r source && IFS= read -r target; do
  if [[ -d "$source" ]]; then
    mkdir -p "$out/$target"
    cp -RfL "$source/." "$out/$target"
  else
    mkdir -p "$(dirname "$out/$target")"
    cp -fL "$source" "$out/$target"
  fi
done < "$list"
chmod -R u+w "$out"
"""

def _matches(text, patterns):
    return any([glob_match(pattern, text) for pattern in patterns])

def _target(file, here, root_paths, replace_prefixes):
    """Where a file goes."""
    path = to_repository_relative_path(file)
    stripped = path
    longest = -1
    for root in root_paths:
        root = here if root == "." else root
        if not root:
            continue
        parts = path.split("/")
        count = len(root.split("/"))
        above = "/".join(parts[:count])
        if len(parts) > count and glob_match(root, above) and count > longest:
            longest = count
            stripped = "/".join(parts[count:])
    best = None
    for prefix in replace_prefixes:
        if stripped.startswith(prefix) and (best == None or len(prefix) > len(best)):
            best = prefix
    if best != None:
        stripped = (replace_prefixes[best] + stripped[len(best):]).lstrip("/")
    return stripped or file.basename

def copy_to_directory_bin_action(
        ctx,
        name,
        dst,
        copy_to_directory_bin = None,
        copy_to_directory_toolchain = None,
        files = [],
        targets = [],
        root_paths = ["."],
        include_external_repositories = [],
        include_srcs_packages = ["**"],
        exclude_srcs_packages = [],
        include_srcs_patterns = ["**"],
        exclude_srcs_patterns = [],
        replace_prefixes = {},
        allow_overwrites = False,
        **kwargs):
    """Copies files to the declared directory `dst`."""
    here = ctx.label.package
    include_srcs_packages = [here or "." if one == "." else one for one in include_srcs_packages]
    exclude_srcs_packages = [here or "." if one == "." else one for one in exclude_srcs_packages]
    everything = files + [file for target in targets for file in target[DefaultInfo].files.to_list()]
    chosen = {}
    inputs = []
    for file in depset(everything).to_list():
        owner = file.owner
        if owner.repo_name != ctx.label.repo_name:
            apparent = owner.repo_name.rpartition("+")[2]
            if not _matches(owner.repo_name, include_external_repositories) and not _matches(apparent, include_external_repositories):
                continue
        package = owner.package or "."
        if not _matches(package, include_srcs_packages):
            continue
        if exclude_srcs_packages and _matches(package, exclude_srcs_packages):
            continue
        target = _target(file, here, root_paths, replace_prefixes)
        if not _matches(target, include_srcs_patterns) or (exclude_srcs_patterns and _matches(target, exclude_srcs_patterns)):
            continue
        if target in chosen and chosen[target] != file.path and not allow_overwrites:
            fail("duplicate output file '{}' from {} and {}".format(target, chosen[target], file.path))
        chosen[target] = file.path
        inputs.append(file)
    list_file = ctx.actions.declare_file(name + "_files.txt")
    ctx.actions.write(list_file, "".join([source + "\n" + target + "\n" for target, source in chosen.items()]))
    ctx.actions.run_shell(
        inputs = inputs + [list_file],
        outputs = [dst],
        command = _COPY,
        arguments = [dst.path, list_file.path],
        mnemonic = "CopyToDirectory",
        progress_message = "Copying files to directory %{output}",
    )

def _copy_to_directory(ctx):
    dst = ctx.actions.declare_directory(ctx.attr.out or ctx.label.name)
    copy_to_directory_bin_action(
        ctx,
        name = ctx.label.name,
        dst = dst,
        files = ctx.files.srcs,
        root_paths = ctx.attr.root_paths,
        include_external_repositories = ctx.attr.include_external_repositories,
        include_srcs_packages = ctx.attr.include_srcs_packages,
        exclude_srcs_packages = ctx.attr.exclude_srcs_packages,
        include_srcs_patterns = ctx.attr.include_srcs_patterns,
        exclude_srcs_patterns = ctx.attr.exclude_srcs_patterns,
        replace_prefixes = ctx.attr.replace_prefixes,
        allow_overwrites = ctx.attr.allow_overwrites,
    )
    runfiles = ctx.runfiles(files = [dst] if ctx.attr.add_directory_to_runfiles else [])
    return [DefaultInfo(files = depset([dst]), runfiles = runfiles)]

copy_to_directory = rule(
    implementation = _copy_to_directory,
    attrs = {
        "add_directory_to_runfiles": attr.bool(default = True),
        "allow_overwrites": attr.bool(),
        "exclude_srcs_packages": attr.string_list(),
        "exclude_srcs_patterns": attr.string_list(),
        "hardlink": attr.string(values = ["auto", "off", "on"], default = "auto"),
        "include_external_repositories": attr.string_list(),
        "include_srcs_packages": attr.string_list(default = ["**"]),
        "include_srcs_patterns": attr.string_list(default = ["**"]),
        "out": attr.string(),
        "preserve_mtime": attr.bool(),
        "replace_prefixes": attr.string_dict(),
        "root_paths": attr.string_list(default = ["."]),
        "srcs": attr.label_list(allow_files = True),
        "verbose": attr.bool(),
    },
    provides = [DefaultInfo],
)
