Value = provider(fields = ["value"])
_ALLOW = {"_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist")}

def _flag(ctx):
    return Value(value = ctx.build_setting_value)

string_flag = rule(_flag, build_setting = config.string(flag = True))

def _plain(settings, attr):
    return {"//transitions_on_edges:flag": "plain"}

plain = transition(implementation = _plain, inputs = [], outputs = ["//transitions_on_edges:flag"])

def _list(settings, attr):
    return [{"//transitions_on_edges:flag": "one"}, {"//transitions_on_edges:flag": "two"}]

several = transition(implementation = _list, inputs = [], outputs = ["//transitions_on_edges:flag"])

def _leaf(ctx):
    return [Value(value = ctx.attr._flag[Value].value), DefaultInfo(files = depset([ctx.file.src]))]

leaf = rule(_leaf, attrs = {
    "src": attr.label(allow_single_file = True),
    "_flag": attr.label(default = "//transitions_on_edges:flag"),
})

def _values(targets):
    return [target[Value].value for target in targets]

def _user(ctx):
    print("one", type(ctx.attr.one), _values(ctx.attr.one), {k: v[Value].value for k, v in ctx.split_attr.one.items()})
    print("many", type(ctx.attr.many), _values(ctx.attr.many), {k: _values(v) for k, v in ctx.split_attr.many.items()})
    print("several", sorted(_values(ctx.attr.several)), {k: v[Value].value for k, v in sorted(ctx.split_attr.several.items())})
    print("none", type(ctx.attr.none))
    print("file", ctx.file.one.basename, [f.basename for f in ctx.files.many], hasattr(ctx.split_attr, "untouched"))

user = rule(_user, attrs = dict(
    _ALLOW,
    one = attr.label(cfg = plain, allow_single_file = True),
    none = attr.label(cfg = plain),
    many = attr.label_list(cfg = plain),
    several = attr.label(cfg = several),
    untouched = attr.label(),
))
