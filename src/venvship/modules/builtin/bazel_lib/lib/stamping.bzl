"""Build information, for targets that shall hold it."""

STAMP_ATTRS = {
    "stamp": attr.int(default = -1, doc = "Whether to hold build information: 1, 0, or -1 for what --stamp says."),
}

def maybe_stamp(ctx):
    """The files with build information, None for targets that hold none.

    Args:
      ctx: context of a rule with STAMP_ATTRS.
    """
    if ctx.attr.stamp == 0 or (ctx.attr.stamp != 1 and not ctx.configuration.stamp_binaries()):
        return None
    return struct(
        stable_status_file = ctx.info_file,
        volatile_status_file = ctx.version_file,
    )
