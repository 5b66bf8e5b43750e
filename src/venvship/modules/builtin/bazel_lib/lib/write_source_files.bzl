"""Generated files that are kept among the sources, and tests that they are up to date."""

load(":diff_test.bzl", "diff_test")
load(":directory_path.bzl", "DirectoryPathInfo")
load(":utils.bzl", "utils")

WriteSourceFileInfo = provider(
    doc = "A program that writes sources.",
    fields = {"executable": "the program"},
)

_HEAD = """#!/bin/bash
set -euo pipefail
runfiles="$PWD"
cd "${BUILD_WORKSPACE_DIRECTORY:?run this with the run command}"
"""

_WRITE = """
in={source}
out={target}
mkdir -p "$(dirname "$out")"
if [[ -d "$runfiles/$in" ]]; then
  rm -rf "$out"
  mkdir -p "$out"
  cp -fRL "$runfiles/$in/." "$out"
  chmod -R ug+w "$out"{executable_tree}
else
  echo "Copying file $in to $out in $PWD"
  rm -f "$out"
  cp -f "$runfiles/$in" "$out"
  chmod ug+w "$out"
  chmod {mode} "$out"
fi
"""

def _quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _write_source_file(ctx):
    script = ctx.actions.declare_file(ctx.label.name + "_update.sh")
    content = _HEAD
    files = []
    if ctx.attr.out_file:
        if DirectoryPathInfo in ctx.attr.in_file:
            info = ctx.attr.in_file[DirectoryPathInfo]
            source = info.directory.short_path + "/" + info.path
            files = [info.directory]
        elif ctx.files.in_file and len(ctx.files.in_file) == 1:
            source = ctx.files.in_file[0].short_path
            files = ctx.files.in_file
        else:
            fail("in file {} must provide files".format(ctx.attr.in_file.label))
        target = "/".join([part for part in (ctx.label.package, ctx.attr.out_file) if part])
        content += _WRITE.format(
            source = _quoted(source),
            target = _quoted(target),
            executable_tree = "\n  chmod -R ug+x \"$out\"" if ctx.attr.executable else "",
            mode = "+x" if ctx.attr.executable else "-x",
        )
    for other in ctx.attr.additional_update_targets:
        content += "\n(cd \"$runfiles\" && " + _quoted("./" + other[DefaultInfo].files_to_run.executable.short_path) + ")\n"
    ctx.actions.write(output = script, content = content, is_executable = True)
    runfiles = ctx.runfiles(files = files + [script])
    runfiles = runfiles.merge_all([one[DefaultInfo].default_runfiles for one in ctx.attr.additional_update_targets])
    return [
        DefaultInfo(executable = script, files = depset([script]), runfiles = runfiles),
        WriteSourceFileInfo(executable = script),
    ]

_rule = rule(
    implementation = _write_source_file,
    attrs = {
        "additional_update_targets": attr.label_list(cfg = "target", providers = [WriteSourceFileInfo]),
        "executable": attr.bool(),
        "in_file": attr.label(allow_files = True),
        "out_file": attr.string(),
    },
    executable = True,
)

def _message(in_file, out_file, update, suggested):
    message = "To update *only* this file, run: run {}".format(update)
    if suggested:
        message += "\nTo update this and other generated files, run: run {}".format(suggested)
    return message

def write_source_file(
        name,
        in_file = None,
        out_file = None,
        executable = False,
        additional_update_targets = [],
        suggested_update_target = None,
        diff_test = True,
        diff_test_failure_message = None,
        diff_args = [],
        file_missing_failure_message = None,
        check_that_out_file_exists = True,
        verbosity = "full",
        **kwargs):
    """A program that copies `in_file` to the source `out_file`, and a test that this is done. Answers the test."""
    if out_file:
        label = utils.to_label(out_file)
        here = native.package_relative_label(":x")
        if label.package != here.package or label.repo_name != here.repo_name:
            fail("out file {} must be in the package of write_source_file".format(out_file))
        out_file = label.name
        if not in_file:
            fail("in_file must be specified if out_file is set")
    _rule(
        name = name,
        additional_update_targets = additional_update_targets,
        executable = executable,
        in_file = in_file,
        out_file = out_file or "",
        **utils.propagate_common_binary_rule_attributes(kwargs)
    )
    if not out_file or not diff_test:
        return None
    update = native.package_relative_label(name)
    suggested = native.package_relative_label(suggested_update_target) if suggested_update_target else None
    found = native.glob([out_file], exclude_directories = 0, allow_empty = True)
    if check_that_out_file_exists and not found:
        _missing_test(
            name = "{}_test".format(name),
            failure_message = file_missing_failure_message or "{} does not exist. {}".format(
                out_file,
                _message(in_file, out_file, update, suggested),
            ),
            **utils.propagate_common_test_rule_attributes(_of_tests(kwargs))
        )
    else:
        _diff(
            name = "{}_test".format(name),
            failure_message = diff_test_failure_message or _message(in_file, out_file, update, suggested),
            file1 = in_file,
            file2 = out_file,
            **_of_tests(kwargs)
        )
    return "{}_test".format(name)

_diff = diff_test

def _of_tests(kwargs):
    return utils.propagate_common_test_rule_attributes({name: value for name, value in kwargs.items() if name != "args"})

def _missing(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(script, "#!/bin/bash\necho >&2 {}\nexit 1\n".format(_quoted(ctx.attr.failure_message)), is_executable = True)
    return [DefaultInfo(executable = script)]

_missing_test = rule(implementation = _missing, attrs = {"failure_message": attr.string()}, test = True)

def write_source_files(
        name,
        files = {},
        executable = False,
        additional_update_targets = [],
        suggested_update_target = None,
        diff_test = True,
        diff_test_failure_message = None,
        diff_args = [],
        file_missing_failure_message = None,
        check_that_out_file_exists = True,
        verbosity = "full",
        **kwargs):
    """`write_source_file` for each of `files`, a dict from sources to what is copied there."""
    single = len(files) == 1
    tests = []
    updates = []
    for position, (out_file, in_file) in enumerate(files.items()):
        update = name if single else "{}_{}".format(name, position)
        if not single:
            updates.append(update)
        test = write_source_file(
            name = update,
            in_file = in_file,
            out_file = out_file,
            additional_update_targets = additional_update_targets if single else [],
            check_that_out_file_exists = check_that_out_file_exists,
            diff_test = diff_test,
            diff_test_failure_message = diff_test_failure_message,
            executable = executable,
            file_missing_failure_message = file_missing_failure_message,
            suggested_update_target = suggested_update_target or (None if single else name),
            **kwargs
        )
        if test:
            tests.append(test)
    if not single:
        write_source_file(
            name = name,
            additional_update_targets = updates + additional_update_targets,
            diff_test = False,
            **kwargs
        )
    if tests:
        native.test_suite(
            name = "{}_tests".format(name),
            tests = [":" + test for test in tests],
            **utils.propagate_common_rule_attributes({key: value for key, value in kwargs.items() if key in ("tags", "visibility", "testonly")})
        )
