"""Tests of what targets make."""

load(":diff_test.bzl", "diff_test")

_CONTAINS = """#!/bin/bash
if ! grep --fixed-strings --quiet -- {expected} {file}; then
  echo >&2 "FAIL: "{file}" does not contain "{expected}
  cat {file} >&2
  exit 1
fi
"""

_ARCHIVE = """#!/bin/bash
set -euo pipefail
status=0
found="$({list} {file})"
while IFS= read -r wanted; do
  [[ -z "$wanted" ]] && continue
  if ! grep --fixed-strings --line-regexp --quiet -- "$wanted" <<< "$found" && ! grep --fixed-strings --quiet -- "$wanted" <<< "$found"; then
    echo >&2 "FAIL: $wanted is not in the archive, which holds:"
    echo "$found" >&2
    status=1
  fi
done < {expected}
exit $status
"""

def _quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _script(ctx, content, files):
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(script, content, is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files = files))]

def _contains(ctx):
    file = ctx.file.actual
    return _script(ctx, _CONTAINS.format(expected = _quoted(ctx.attr.expected), file = _quoted(file.short_path)), [file])

_contains_test = rule(
    implementation = _contains,
    attrs = {
        "actual": attr.label(mandatory = True, allow_single_file = True),
        "expected": attr.string(mandatory = True),
    },
    test = True,
)

def assert_contains(name, actual, expected, size = "small", **kwargs):
    """The file `actual` holds the text `expected`."""
    _contains_test(name = name, actual = actual, expected = expected, size = size, **kwargs)

def _archive(ctx):
    listing = "unzip -Z1" if ctx.attr.type == "zip" else "tar -tf"
    content = _ARCHIVE.format(
        expected = _quoted(ctx.file.expected.short_path),
        file = _quoted(ctx.file.archive.short_path),
        list = listing,
    )
    return _script(ctx, content, [ctx.file.archive, ctx.file.expected])

_archive_test = rule(
    implementation = _archive,
    attrs = {
        "archive": attr.label(mandatory = True, allow_single_file = True),
        "expected": attr.label(mandatory = True, allow_single_file = True),
        "type": attr.string(values = ["tar", "zip"]),
    },
    test = True,
)

def assert_archive_contains(name, archive, expected, type = None, **kwargs):
    """The archive holds the files that `expected` lists: a file, or a list of names."""
    if not type:
        type = "zip" if archive.endswith(".zip") or archive.endswith(".whl") else "tar"
    if type not in ("tar", "zip"):
        fail("type must be 'tar' or 'zip', not " + type)
    if hasattr(expected, "append"):
        # A list; the name `type` is an argument here.
        _lines(name = name + "_expected", content = expected, out = name + "_expected.txt", testonly = True)
        expected = name + "_expected.txt"
    _archive_test(name = name, archive = archive, expected = expected, type = type, **kwargs)

def _write_lines(ctx):
    ctx.actions.write(ctx.outputs.out, "".join([line + "\n" for line in ctx.attr.content]))

_lines = rule(
    implementation = _write_lines,
    attrs = {"content": attr.string_list(), "out": attr.output(mandatory = True)},
)

def _outputs(ctx):
    actual = sorted([file.short_path for file in ctx.files.actual])
    expected = sorted(ctx.attr.expected)
    if actual == expected:
        return _script(ctx, "#!/bin/bash\nexit 0\n", [])
    message = "FAIL: outputs are {}, expected are {}".format(actual, expected)
    return _script(ctx, "#!/bin/bash\necho >&2 {}\nexit 1\n".format(_quoted(message)), [])

_outputs_test = rule(
    implementation = _outputs,
    attrs = {
        "actual": attr.label(mandatory = True, allow_files = True),
        "expected": attr.string_list(mandatory = True),
    },
    test = True,
)

def assert_outputs(name, actual, expected, **kwargs):
    """The default outputs of `actual` are exactly these paths."""
    _outputs_test(name = name, actual = actual, expected = expected, **kwargs)

def assert_json_matches(name, file1, file2, filter1 = ".", filter2 = ".", **kwargs):
    """Two JSON files are equal, whatever their layout."""
    if filter1 != "." or filter2 != ".":
        fail("filters of assert_json_matches are not supported")
    for number, file in enumerate([file1, file2]):
        native.genrule(
            name = "{}_json{}".format(name, number),
            srcs = [file],
            outs = ["{}_json{}.json".format(name, number)],
            cmd = "python3 -m json.tool --sort-keys $< $@",
            testonly = True,
        )
    diff_test(name = name, file1 = name + "_json0.json", file2 = name + "_json1.json", **kwargs)
