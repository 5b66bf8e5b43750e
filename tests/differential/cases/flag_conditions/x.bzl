Value = provider(fields = ["v"])

def _setting(ctx):
    return [Value(v = ctx.build_setting_value)]

string_flag = rule(_setting, build_setting = config.string(flag = True))

bool_flag = rule(_setting, build_setting = config.bool(flag = True))

int_flag = rule(_setting, build_setting = config.int(flag = True))

def _set(settings, attr):
    return {"//flag_conditions:b": attr.loud, "//flag_conditions:i": attr.number}

_TRANSITION = transition(
    implementation = _set,
    inputs = [],
    outputs = ["//flag_conditions:b", "//flag_conditions:i"],
)

def _show(ctx):
    print(ctx.label.name, ctx.attr._i[Value].v, ctx.attr.text)

_ATTRS = {
    "loud": attr.bool(),
    "number": attr.int(),
    "text": attr.string(),
    "_i": attr.label(default = "//flag_conditions:i"),
}

show = rule(_show, attrs = _ATTRS)

moved = rule(_show, cfg = _TRANSITION, attrs = dict(
    _ATTRS,
    _allowlist_function_transition = attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
))
