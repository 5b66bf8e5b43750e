Value = provider(fields = ["value"])

def _flag(ctx):
    return [Value(value = ctx.build_setting_value)]

flag = rule(_flag, build_setting = config.string(flag = True))

def _show(ctx):
    return [ctx.attr.flag[Value]]

show = rule(_show, attrs = {"flag": attr.label()})

def _dep(ctx):
    print(ctx.label.name, [dep[Value].value for dep in ctx.attr.dep])

def _empty_dict_impl(settings, attr):
    return {}

def _empty_list_impl(settings, attr):
    return []

def _nothing_impl(settings, attr):
    return None

def _rule(implementation):
    return rule(_dep, attrs = {
        "dep": attr.label(cfg = transition(implementation = implementation, inputs = [], outputs = ["//transitions_to_nothing_new:flag"])),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    })

empty_dict = _rule(_empty_dict_impl)
empty_list = _rule(_empty_list_impl)
nothing = _rule(_nothing_impl)
