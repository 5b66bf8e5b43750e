"""Settings that hold a plain value; the flags among them are set on the command line."""

BuildSettingInfo = provider(
    doc = "The value of a setting.",
    fields = {"value": "what it is set to"},
)

_MAKE_VARIABLE = attr.string(doc = "A Make variable that has the value in rules which name the setting in `toolchains`.")
_SCOPE = attr.string(
    doc = "`target` keeps the value away from programs that actions run; they have the default then.",
    default = "universal",
)

def _with_variable(ctx, value):
    providers = [BuildSettingInfo(value = value)]
    if ctx.attr.make_variable:
        providers.append(platform_common.TemplateVariableInfo({ctx.attr.make_variable: str(value)}))
    return providers

def _plain(ctx):
    return BuildSettingInfo(value = ctx.build_setting_value)

def _int(ctx):
    return _with_variable(ctx, ctx.build_setting_value)

def _string(ctx):
    value = ctx.build_setting_value
    if ctx.attr.values and value not in ctx.attr.values:
        fail("Error setting {}: invalid value '{}'. Allowed values are {}".format(ctx.label, value, ctx.attr.values))
    return _with_variable(ctx, value)

_INT = {"make_variable": _MAKE_VARIABLE, "scope": _SCOPE}
_STRING = {
    "make_variable": _MAKE_VARIABLE,
    "scope": _SCOPE,
    "values": attr.string_list(doc = "The only values that are allowed; any when there are none."),
}
_PLAIN = {"scope": _SCOPE}

int_flag = rule(implementation = _int, attrs = _INT, build_setting = config.int(flag = True))
int_setting = rule(implementation = _int, attrs = _INT, build_setting = config.int())
bool_flag = rule(implementation = _plain, attrs = _PLAIN, build_setting = config.bool(flag = True))
bool_setting = rule(implementation = _plain, attrs = _PLAIN, build_setting = config.bool())
string_list_flag = rule(implementation = _plain, attrs = _PLAIN, build_setting = config.string_list(flag = True))
string_list_setting = rule(implementation = _plain, attrs = _PLAIN, build_setting = config.string_list())
repeatable_string_flag = rule(
    implementation = _plain,
    attrs = _PLAIN,
    build_setting = config.string_list(flag = True, repeatable = True),
)
string_flag = rule(implementation = _string, attrs = _STRING, build_setting = config.string(flag = True))
string_setting = rule(implementation = _string, attrs = _STRING, build_setting = config.string())
