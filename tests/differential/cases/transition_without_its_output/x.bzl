def _impl(ctx):
    return []

string_flag = rule(_impl, build_setting = config.string(flag = True))

def _missing(settings, attr):
    return {"//transition_without_its_output:flag": "x"}

r = rule(_impl, cfg = transition(implementation = _missing, inputs = [], outputs = ["//transition_without_its_output:flag", "//transition_without_its_output:other"]), attrs = {"_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist")})
