def _flag(ctx):
    return []

string_setting = rule(_flag, build_setting = config.string())
int_flag = rule(_flag, build_setting = config.int(flag = True))
