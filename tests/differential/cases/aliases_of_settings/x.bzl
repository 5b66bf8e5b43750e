Value = provider(fields = ["v"])

def _setting(ctx):
    return [Value(v = ctx.build_setting_value)]

string_flag = rule(_setting, build_setting = config.string(flag = True))

list_flag = rule(_setting, build_setting = config.string_list(flag = True))

def _show(ctx):
    print(ctx.label.name, ctx.attr._s[Value].v, ctx.attr.text)

show = rule(_show, attrs = {
    "text": attr.string(),
    "_s": attr.label(default = "//aliases_of_settings:s"),
})

def _by_alias(settings, attr):
    return {"//aliases_of_settings:also_s": "by alias"}

_BY_ALIAS = transition(implementation = _by_alias, inputs = [], outputs = ["//aliases_of_settings:also_s"])

def _nothing(ctx):
    pass

moved = rule(_nothing, attrs = {
    "dep": attr.label(cfg = _BY_ALIAS),
    "_allowlist_function_transition": attr.label(
        default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
    ),
})
