"""Tests of `.bzl` files: of functions, of what rules provide, and of what can be loaded."""

load("//lib:new_sets.bzl", "sets")

_UNIT_TEST_SCRIPT = "#!/bin/bash\n{}\n"

TOOLCHAIN_TYPE = "@bazel_skylib//toolchains/unittest:toolchain_type"

unittest_toolchain = None

def register_unittest_toolchains(register = True):
    """Nothing is to be registered: tests are scripts."""

def _begin(ctx):
    return struct(ctx = ctx, failures = [])

def _fail(env, msg):
    full = "In test %s from %s: %s" % (env.ctx.attr._impl_name, str(env.ctx.label), msg)
    env.failures.append(full)

def _script(env):
    lines = ["echo '%s'" % line.replace("'", "'\\''") for failure in env.failures for line in failure.split("\n")]
    lines.append("exit %d" % (1 if env.failures else 0))
    return _UNIT_TEST_SCRIPT.format("\n".join(lines))

def _end(env):
    script = env.ctx.actions.declare_file(env.ctx.label.name)
    env.ctx.actions.write(output = script, content = _script(env), is_executable = True)
    return [DefaultInfo(executable = script)]

def _name_of(function):
    # `<function name from file>`
    return str(function).partition(" ")[2].partition(" ")[0].rstrip(">")

def _make(impl, attrs = {}, doc = "", toolchains = []):
    return rule(
        impl,
        attrs = dict(attrs, _impl_name = attr.string(default = _name_of(impl))),
        doc = doc,
        test = True,
        toolchains = toolchains,
    )

def _suite(name, *test_rules, **kwargs):
    names = []
    for index, test_rule in enumerate(test_rules):
        test_name = "%s_test_%d" % (name, index)
        if type(test_rule) == "struct":
            # A partial: the rule with attributes given ahead.
            test_rule.function(name = test_name, *test_rule.args, **dict(test_rule.kwargs, **kwargs))
        else:
            test_rule(name = test_name, **kwargs)
        names.append(test_name)
    native.test_suite(name = name, tests = [":" + test for test in names], **kwargs)

unittest = struct(
    begin = _begin,
    end = _end,
    fail = _fail,
    make = _make,
    suite = _suite,
)

# Assertions

def _true(env, condition, msg = "Expected condition to be true, but was false."):
    if not condition:
        _fail(env, msg)

def _false(env, condition, msg = "Expected condition to be false, but was true."):
    if condition:
        _fail(env, msg)

def _equals(env, expected, actual, msg = None):
    if expected != actual:
        problem = 'Expected "%s", but got "%s"' % (expected, actual)
        _fail(env, "%s (%s)" % (msg, problem) if msg else problem)

def _set_equals(env, expected, actual, msg = None):
    if not sets.is_equal(expected, actual):
        missing = sets.difference(expected, actual)
        unexpected = sets.difference(actual, expected)
        problem = "Expected %s, but got %s" % (sets.str(expected), sets.str(actual))
        if sets.length(missing) > 0:
            problem += ", missing are %s" % sets.str(missing)
        if sets.length(unexpected) > 0:
            problem += ", unexpected are %s" % sets.str(unexpected)
        _fail(env, "%s (%s)" % (msg, problem) if msg else problem)

def _expect_failure(env, expected_failure_msg = ""):
    target = _target_under_test(env)
    if AnalysisFailureInfo not in target:
        _fail(env, "Expected failure of target_under_test, but found success")
        return
    messages = [one.message for one in target[AnalysisFailureInfo].causes.to_list()]
    if not any([expected_failure_msg in message for message in messages]):
        _fail(env, "Expected errors to contain '%s' but did not. Actual errors:%s" % (
            expected_failure_msg,
            "\n".join(messages),
        ))

asserts = struct(
    equals = _equals,
    expect_failure = _expect_failure,
    false = _false,
    new_set_equals = _set_equals,
    set_equals = _set_equals,
    true = _true,
)

# Tests of analysis

_ActionInfo = provider(fields = ["actions", "bin_path"])

def _retrieve(target, ctx):
    return [_ActionInfo(actions = target.actions, bin_path = ctx.bin_dir.path)]

_retriever = aspect(implementation = _retrieve, attr_aspects = [])

def _change_flags(settings):
    def change(settings_before, attrs):
        return settings

    return transition(implementation = change, inputs = [], outputs = settings.keys())

def _analysis_make(
        impl,
        expect_failure = False,
        attrs = {},
        fragments = [],
        config_settings = {},
        extra_target_under_test_aspects = [],
        doc = ""):
    settings = dict(config_settings)
    if expect_failure:
        settings["//command_line_option:allow_analysis_failures"] = "True"
    given = {"aspects": [_retriever] + extra_target_under_test_aspects, "mandatory": True}
    if settings:
        given["cfg"] = _change_flags(settings)
    own = dict(attrs)
    own["target_under_test"] = attr.label(**given)
    own["_impl_name"] = attr.string(default = _name_of(impl))
    return rule(
        impl,
        attrs = own,
        fragments = fragments,
        doc = doc,
        test = True,
        analysis_test = True,
    )

def _analysis_end(env):
    return [AnalysisTestResultInfo(
        success = not env.failures,
        message = "\n".join(env.failures),
    )]

def _target_under_test(env):
    found = getattr(env.ctx.attr, "target_under_test")
    if type(found) == "list":
        if len(found) != 1:
            fail("test rule does not have a target_under_test")
        return found[0]
    return found

def _actions(env):
    return _target_under_test(env)[_ActionInfo].actions

def _bin_path(env):
    return _target_under_test(env)[_ActionInfo].bin_path

analysistest = struct(
    begin = _begin,
    end = _analysis_end,
    fail = _fail,
    make = _analysis_make,
    target_actions = _actions,
    target_bin_dir_path = _bin_path,
    target_under_test = _target_under_test,
)

# Tests of loading

def _loading_test(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    content = "#!/bin/bash\n"
    if ctx.attr.failure_message:
        content += "echo '%s'\nexit 1\n" % ctx.attr.failure_message.replace("'", "'\\''")
    ctx.actions.write(output = script, content = content, is_executable = True)
    return [DefaultInfo(executable = script)]

_loading_test_test = rule(
    implementation = _loading_test,
    attrs = {"failure_message": attr.string()},
    test = True,
)

def _loading_make(name):
    native.test_suite(name = name + "_tests", tags = [name + "_test_case"])
    return struct(name = name)

def _loading_equals(env, test_case, expected, actual):
    message = "" if expected == actual else 'Expected "%s", but got "%s"' % (expected, actual)
    _loading_test_test(
        name = "%s_%s" % (env.name, test_case),
        failure_message = message,
        tags = [env.name + "_test_case"],
    )

loadingtest = struct(
    equals = _loading_equals,
    make = _loading_make,
)
