"""Locations and Make variables in texts."""

def expand_locations(ctx, input, targets = []):
    """Replaces `$(execpath)`, `$(rootpath)`, `$(rlocationpath)` and their kin."""
    return ctx.expand_location(input, targets)

def expand_variables(ctx, s, outs = [], output_dir = False, attribute_name = "args"):
    """Replaces Make variables, and those that stand for outputs."""
    directory = "/".join([part for part in (ctx.bin_dir.path, ctx.label.workspace_root, ctx.label.package) if part])
    own = {"RULEDIR": directory, "BUILD_FILE_PATH": "/".join([ctx.label.package, "BUILD.bazel"])}
    if output_dir:
        own["@D"] = directory + "/" + ctx.label.name
    elif len(outs) == 1:
        own["@D"] = outs[0].dirname
        s = s.replace("$@", outs[0].path)
    else:
        own["@D"] = directory
    return ctx.expand_make_variables(attribute_name, s.replace("$(@D)", own["@D"]), own)
