def _binary(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(program, "#!/bin/sh\ngrep -q a $0.runfiles/*main*/runfiles_conflicts/a.txt\n", is_executable = True)
    return [DefaultInfo(executable = program, runfiles = ctx.runfiles(files = [ctx.file.first], symlinks = {"runfiles_conflicts/a.txt": ctx.file.second}))]

_file = attr.label(allow_single_file = True)
binary = rule(_binary, executable = True, attrs = {"first": _file, "second": _file})
