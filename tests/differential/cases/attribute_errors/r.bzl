def _impl(ctx):
    print("analysed", ctx.label.name)

r = rule(_impl, attrs = {
    "chosen": attr.string(values = ["a", "b"], default = "a"),
    "d": attr.string_dict(),
    "i": attr.int(values = [1, 2], default = 1),
    "il": attr.int_list(),
    "lab": attr.label(allow_files = [".txt"]),
    "nonempty": attr.string_list(allow_empty = False, default = ["x"]),
    "out": attr.output(),
    "single": attr.label(allow_single_file = [".txt"]),
    "sl": attr.string_list(),
    "_private": attr.string(default = "p"),
})
m = rule(_impl, attrs = {"must": attr.string(mandatory = True), "deps": attr.label_list(mandatory = True, allow_empty = False)})
