"""A test that succeeds once targets can be built."""

def _build_test(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(script, "#!/bin/sh\nexit 0\n", is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files = ctx.files.targets))]

_build_test_test = rule(
    implementation = _build_test,
    attrs = {"targets": attr.label_list(allow_files = True, mandatory = True)},
    test = True,
)

def build_test(name, targets, **kwargs):
    """Succeeds when all `targets` can be built."""
    if not targets:
        fail("targets must be non-empty", attr = "targets")
    _build_test_test(name = name, targets = targets, size = kwargs.pop("size", "small"), **kwargs)
