Value = provider(fields = ["value"])
_ALLOW = {"_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist")}

def _flag(ctx):
    return Value(value = ctx.build_setting_value)

string_flag = rule(_flag, build_setting = config.string(flag = True))

def _leaf(ctx):
    return Value(value = ctx.attr._flag[Value].value)

leaf = rule(_leaf, attrs = {"_flag": attr.label(default = "//transitions:flag")})

def _edge(settings, attr):
    return {"//transitions:flag": settings["//transitions:flag"] + "+edge"}

edge = transition(implementation = _edge, inputs = ["//transitions:flag"], outputs = ["//transitions:flag"])

def _by_attribute(settings, attr):
    return {"//transitions:flag": attr.value}

by_attribute = transition(implementation = _by_attribute, inputs = [], outputs = ["//transitions:flag"])

def _split(settings, attr):
    return {"a": {"//transitions:flag": "split a"}, "b": {"//transitions:flag": "split b"}}

split = transition(implementation = _split, inputs = [], outputs = ["//transitions:flag"])

def _user(ctx):
    value = ctx.attr.dep[0][Value].value if type(ctx.attr.dep) == "list" else ctx.attr.dep[Value].value
    print(ctx.label.name, value)
    return Value(value = value)

user = rule(_user, attrs = dict(_ALLOW, dep = attr.label(cfg = edge)))

def _with_cfg(ctx):
    print(ctx.label.name, ctx.attr._flag[Value].value)
    return Value(value = ctx.attr._flag[Value].value)

with_cfg = rule(_with_cfg, cfg = by_attribute, attrs = dict(_ALLOW, value = attr.string(), _flag = attr.label(default = "//transitions:flag")))

def _split_user(ctx):
    print(ctx.label.name, sorted([d[Value].value for d in ctx.attr.deps]), {k: [d[Value].value for d in v] for k, v in sorted(ctx.split_attr.deps.items())})

split_user = rule(_split_user, attrs = dict(_ALLOW, deps = attr.label_list(cfg = split)))
