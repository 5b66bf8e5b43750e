Value = provider(fields = ["value"])

def _flag(ctx):
    return [Value(value = ctx.build_setting_value)]

bool_flag = rule(_flag, build_setting = config.bool(flag = True))
string_flag = rule(_flag, build_setting = config.string(flag = True))

def _show(ctx):
    print([flag[Value].value for flag in ctx.attr.flags])

show = rule(_show, attrs = {"flags": attr.label_list()})
