"""Targets built for another platform."""

def _to_platform(settings, attr):
    return {"//command_line_option:platforms": str(attr.target_platform)}

_transition = transition(
    implementation = _to_platform,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

_OF_IMAGES = [
    OutputGroupInfo,
    _venvship.ImageLayersInfo,
    _venvship.OciImageInfo,
    _venvship.OciIndexInfo,
]

def _files(ctx):
    files = []
    runfiles = ctx.runfiles()
    for src in ctx.attr.srcs:
        files.append(src[DefaultInfo].files)
    runfiles = runfiles.merge_all([src[DefaultInfo].default_runfiles for src in ctx.attr.srcs])
    providers = [DefaultInfo(files = depset(transitive = files), runfiles = runfiles)]
    if len(ctx.attr.srcs) == 1:
        # An image stays one, and so do layers.
        [src] = ctx.attr.srcs
        providers += [src[one] for one in _OF_IMAGES if one in src]
    return providers

platform_transition_filegroup = rule(
    implementation = _files,
    attrs = {
        "srcs": attr.label_list(allow_files = True, cfg = _transition),
        "target_platform": attr.label(mandatory = True),
    },
)

def _program(ctx):
    binary = ctx.attr.binary[0]
    executable = binary[DefaultInfo].files_to_run.executable
    name = ctx.attr.basename or ctx.label.name
    out = ctx.actions.declare_file(name)
    ctx.actions.symlink(output = out, target_file = executable, is_executable = True)
    runfiles = ctx.runfiles(files = [out, executable]).merge(binary[DefaultInfo].default_runfiles)
    providers = [DefaultInfo(executable = out, files = depset([out]), runfiles = runfiles)]
    if RunEnvironmentInfo in binary:
        providers.append(binary[RunEnvironmentInfo])
    return providers

_PROGRAM = {
    "basename": attr.string(),
    "binary": attr.label(allow_files = True, cfg = _transition),
    "target_platform": attr.label(mandatory = True),
}

platform_transition_binary = rule(implementation = _program, attrs = _PROGRAM, executable = True)
platform_transition_test = rule(implementation = _program, attrs = _PROGRAM, test = True)
