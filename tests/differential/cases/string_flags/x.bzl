Value = provider(fields = ["value"])

def _flag(ctx):
    if ctx.label.name == "flavour" and ctx.build_setting_value not in ["sweet", "salty"]:
        fail("flavour must be sweet or salty")
    return Value(value = ctx.build_setting_value)

string_flag = rule(_flag, build_setting = config.string(flag = True))
string_setting = rule(_flag, build_setting = config.string())
bool_flag = rule(_flag, build_setting = config.bool(flag = True))
int_flag = rule(_flag, build_setting = config.int(flag = True))
list_flag = rule(_flag, build_setting = config.string_list(flag = True))

def _show(ctx):
    print(ctx.attr.text, [getattr(ctx.attr, "_" + n)[Value].value for n in ["flavour", "many", "count", "list", "inner"]])

show = rule(_show, attrs = dict({"_" + n: attr.label(default = "//string_flags:" + n) for n in ["flavour", "many", "count", "list", "inner"]}, text = attr.string()))
