def _show(ctx):
    print(ctx.label.package, ctx.file._f.short_path, Label("//labels_in_bzl/sub:here.txt").package)

show = rule(_show, attrs = {"_f": attr.label(default = "//labels_in_bzl/sub:here.txt", allow_single_file = True)})
