def _impl(ctx):
    print(ctx.label.name, ctx.attr.value)
    return []

show = rule(implementation = _impl, attrs = {"value": attr.string()})

OPTIONS = [
    ("compilation_mode", "fastbuild"),
    ("compilation_mode", "opt"),
    ("cpu", "k8"),
    ("cpu", "aarch64"),
    ("cpu", "x86_64"),
    ("host_cpu", "k8"),
    ("stamp", "1"),
    ("stamp", "false"),
    ("stamp", "no"),
    ("features", "fast"),
    ("features", "slow"),
    ("features", "-slow"),
    ("copt", "-O2"),
    ("collect_code_coverage", "true"),
    ("collect_code_coverage", "0"),
    ("build_runfile_links", "yes"),
    ("build_python_zip", "auto"),
    ("build_python_zip", "no"),
    ("force_pic", "false"),
    ("strip", "sometimes"),
    ("strip", "never"),
    ("dynamic_mode", "default"),
    ("fission", "no"),
    ("test_timeout", "-1"),
    ("compiler", "gcc"),
    ("custom_malloc", "//x:y"),
    ("extra_toolchains", "//x:y"),
    ("experimental_save_feature_state", "false"),
    ("incompatible_merge_genfiles_directory", "true"),
]

def every():
    for number, (name, value) in enumerate(OPTIONS):
        condition = "c%d" % number
        native.config_setting(name = condition, values = {name: value})
        show(name = "%d_%s_%s" % (number, name, value.replace("/", "").replace(":", "")), value = select({
            condition: "yes",
            "//conditions:default": "no",
        }))
