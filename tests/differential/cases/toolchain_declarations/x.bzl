def _impl(ctx):
    return [platform_common.ToolchainInfo(name = ctx.label.name, v = ctx.attr.v), platform_common.TemplateVariableInfo({"TCV": ctx.attr.v})]
impl = rule(_impl, attrs = {"v": attr.string()})
def _noinfo(ctx):
    return []
noinfo = rule(_noinfo)
_T = "//toolchain_declarations:type"
def _u(ctx):
    print(ctx.label.name, ctx.toolchains[_T].name, ctx.toolchains[_T].v, _T in ctx.toolchains, "//toolchain_declarations:nope" in ctx.toolchains, type(ctx.toolchains), ctx.var.get("TCV"))
u = rule(_u, toolchains = [_T])
def _ua(ctx):
    print(ctx.label.name, ctx.toolchains["//toolchain_declarations:type_alias"].name)
ua = rule(_ua, toolchains = ["//toolchain_declarations:type_alias"])
def _wrong(ctx):
    print(ctx.toolchains["//toolchain_declarations:other"])
wrong = rule(_wrong, toolchains = [_T])
def _no(ctx):
    print(_T in ctx.toolchains)
    print(ctx.toolchains[_T])
no = rule(_no)
def _ign(ctx):
    pass
ign = rule(_ign, toolchains = [_T])
not_a_type = rule(_ign, toolchains = ["//toolchain_declarations:f_impl"])
missing_type = rule(_ign, toolchains = ["//toolchain_declarations:gone"])
def _tv(ctx):
    print(ctx.expand_make_variables("c", "$(TCV)", {}), ctx.var.get("TCV"))
tv = rule(_tv)
def _attr(ctx):
    print([t.label.name for t in ctx.attr.toolchains], ctx.var.get("TCV"))
attrs = rule(_attr)
def _tct(ctx):
    print(sorted(ctx.attr.tc[platform_common.ToolchainInfo].v) if platform_common.ToolchainInfo in ctx.attr.tc else "none")
tct = rule(_tct, attrs = {"tc": attr.label()})
def _asp(target, ctx):
    print("aspect", target.label.name, ctx.toolchains[_T].name)
    return []
asp = aspect(_asp, toolchains = [_T], attr_aspects = ["deps"])
asp_user = rule(_ign, attrs = {"deps": attr.label_list(aspects = [asp])})
