def _computed(name):
    return Label("//private_attributes:" + ("hidden" if name else ""))

def _show(ctx):
    print(ctx.label.package, ctx.attr._text, [f.short_path for f in ctx.files._files], ctx.attr._computed.label.name, hasattr(ctx.attr, "_text"), ctx.file._one.basename)

show = rule(_show, attrs = {
    "_computed": attr.label(default = _computed),
    "_files": attr.label_list(default = ["//private_attributes:hidden"]),
    "_one": attr.label(default = "//private_attributes:f.txt", allow_single_file = True),
    "_text": attr.string(default = "private"),
})
