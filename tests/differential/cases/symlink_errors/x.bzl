def _dir_to_file(ctx):
    d = ctx.actions.declare_directory("d")
    ctx.actions.symlink(output = d, target_file = ctx.file.src)
    return [DefaultInfo(files = depset([d]))]

def _neither(ctx):
    ctx.actions.symlink(output = ctx.actions.declare_file("l"))

def _both(ctx):
    ctx.actions.symlink(output = ctx.actions.declare_file("l"), target_file = ctx.file.src, target_path = "x")

def _executable(ctx):
    l = ctx.actions.declare_file("l")
    ctx.actions.symlink(output = l, target_file = ctx.file.src, is_executable = True)
    return [DefaultInfo(files = depset([l]))]

def _raw_is_file(ctx):
    ctx.actions.symlink(output = ctx.actions.declare_file("l"), target_path = "x")

def _file_is_raw(ctx):
    ctx.actions.symlink(output = ctx.actions.declare_symlink("l"), target_file = ctx.file.src)

_attrs = {"src": attr.label(allow_single_file = True)}
dir_to_file = rule(_dir_to_file, attrs = _attrs)
neither = rule(_neither, attrs = _attrs)
both = rule(_both, attrs = _attrs)
executable = rule(_executable, attrs = _attrs)
raw_is_file = rule(_raw_is_file, attrs = _attrs)
file_is_raw = rule(_file_is_raw, attrs = _attrs)
