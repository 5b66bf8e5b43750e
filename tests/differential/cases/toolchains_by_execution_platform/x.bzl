def _impl(ctx):
    return [platform_common.ToolchainInfo(name = ctx.label.name)]

impl = rule(_impl)

_TYPE = "//toolchains_by_execution_platform:type"
_OTHER = "//toolchains_by_execution_platform:other"

def _u(ctx):
    print(ctx.label.name, ctx.toolchains[_TYPE].name)

u = rule(_u, toolchains = [_TYPE])

def _two(ctx):
    print(ctx.label.name, ctx.toolchains[_TYPE].name, ctx.toolchains[_OTHER].name)

two = rule(_two, toolchains = [_TYPE, _OTHER])
