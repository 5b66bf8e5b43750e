def _impl(ctx):
    return [platform_common.ToolchainInfo(speed = ctx.attr.speed)]

impl = rule(_impl, attrs = {"speed": attr.string()})

def _u(ctx):
    print(ctx.toolchains["//toolchain_resolution:type"].speed, "//toolchain_resolution:type" in ctx.toolchains)

u = rule(_u, toolchains = ["//toolchain_resolution:type"])
