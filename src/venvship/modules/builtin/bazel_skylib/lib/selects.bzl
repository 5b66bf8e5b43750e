"""Choices with several conditions for one value."""

def _with_or_dict(input_dict):
    result = {}
    for key, value in input_dict.items():
        for condition in (key if type(key) == "tuple" else (key,)):
            if condition in result:
                fail("key {} appears multiple times".format(condition))
            result[condition] = value
    return result

def _with_or(input_dict, no_match_error = ""):
    return select(_with_or_dict(input_dict), no_match_error = no_match_error)

def _config_setting_group(name, match_any = [], match_all = [], visibility = None):
    if bool(match_any) == bool(match_all):
        fail("config_setting_group needs either `match_any` or `match_all`")
    conditions = match_any or match_all
    if "//conditions:default" in conditions:
        fail("//conditions:default can't be part of a config_setting_group")
    last = conditions[-1]
    if len(conditions) == 1:
        native.alias(name = name, actual = last, visibility = visibility)
        return

    # A chain of aliases: each asks one condition, and the next alias answers what the condition leaves open.
    for position in range(len(conditions) - 1):
        condition = conditions[position]
        step = name if position == 0 else "{}_{}".format(name, position)
        rest = last if position == len(conditions) - 2 else ":{}_{}".format(name, position + 1)
        native.alias(
            name = step,
            actual = select({
                condition: condition if match_any else rest,
                "//conditions:default": rest if match_any else condition,
            }),
            visibility = visibility if position == 0 else ["//visibility:private"],
        )

selects = struct(
    config_setting_group = _config_setting_group,
    with_or = _with_or,
    with_or_dict = _with_or_dict,
)
