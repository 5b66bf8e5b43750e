def _impl(ctx):
    return []

show = rule(implementation = _impl, attrs = {"value": attr.string()})
