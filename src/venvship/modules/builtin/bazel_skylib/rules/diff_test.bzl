"""A test that two files are equal."""

_SCRIPT = """#!/bin/bash
set -euo pipefail
first={first}
second={second}
if [[ -d "$first" ]]; then
  diff -r "$first" "$second" && exit 0
else
  diff "$first" "$second" && exit 0
fi
echo >&2 "FAIL: files {first} and {second} differ. "{message}
exit 1
"""

def _quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _diff_test(ctx):
    script = ctx.actions.declare_file(ctx.label.name + "-test.sh")
    first = ctx.file.file1
    second = ctx.file.file2
    content = _SCRIPT.format(
        first = _quoted(first.short_path),
        second = _quoted(second.short_path),
        message = _quoted(ctx.attr.failure_message),
    )
    ctx.actions.write(script, content, is_executable = True)
    return [DefaultInfo(
        executable = script,
        files = depset([script]),
        runfiles = ctx.runfiles(files = [script, first, second]),
    )]

_diff_test_test = rule(
    implementation = _diff_test,
    attrs = {
        "failure_message": attr.string(),
        "file1": attr.label(allow_single_file = True, mandatory = True),
        "file2": attr.label(allow_single_file = True, mandatory = True),
    },
    test = True,
)

def diff_test(name, file1, file2, failure_message = None, **kwargs):
    """Fails, showing the difference, when the files are not equal."""
    _diff_test_test(
        name = name,
        failure_message = failure_message or "",
        file1 = file1,
        file2 = file2,
        size = kwargs.pop("size", "small"),
        **kwargs
    )
