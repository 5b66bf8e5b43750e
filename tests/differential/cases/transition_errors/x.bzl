def _flag(ctx):
    pass

string_flag = rule(_flag, build_setting = config.string(flag = True))

def _r(ctx):
    return []

def _rule(implementation, inputs = [], outputs = ["//transition_errors:flag"]):
    return rule(_r, cfg = transition(implementation = implementation, inputs = inputs, outputs = outputs), attrs = {"_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist")})

def _undeclared(settings, attr):
    return {"//transition_errors:flag": "x", "//transition_errors:other": "y"}

def _missing(settings, attr):
    return {}

def _not_dict(settings, attr):
    return "text"

def _unread(settings, attr):
    return {"//transition_errors:flag": settings["//transition_errors:other"]}

def _fails(settings, attr):
    fail("on purpose")

undeclared = _rule(_undeclared)
missing = _rule(_missing)
not_dict = _rule(_not_dict)
unread = _rule(_unread)
fails = _rule(_fails)
