def _show(ctx):
    print(ctx.label.name, ctx.attr.text)

_ALLOWLIST = attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist")

show = rule(_show, attrs = {"text": attr.string()})

def _to(settings, attr):
    return {"//command_line_option:platforms": attr.platforms}

_TO = transition(implementation = _to, inputs = [], outputs = ["//command_line_option:platforms"])

def _nothing(ctx):
    pass

moved = rule(_nothing, attrs = {
    "dep": attr.label(cfg = _TO),
    "platforms": attr.string_list(),
    "_allowlist_function_transition": _ALLOWLIST,
})

def _unknown(settings, attr):
    return {"//command_line_option:no_such_option": "x"}

_UNKNOWN = transition(implementation = _unknown, inputs = [], outputs = ["//command_line_option:no_such_option"])

mistaken = rule(_nothing, attrs = {
    "dep": attr.label(cfg = _UNKNOWN),
    "_allowlist_function_transition": _ALLOWLIST,
})
