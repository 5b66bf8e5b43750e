def _impl(ctx):
    print(ctx.label.name, ctx.features, ctx.disabled_features)
    return []

show = rule(implementation = _impl, attrs = {"tool": attr.label(cfg = "exec")})
