def _names(ts):
    return [t.label.name for t in ts]

def _show(ctx):
    a = ctx.attr
    print(a.name, a.b, a.i, repr(a.s), a.sl, a.il, a.d, a.sd, a.l and a.l.label.name, _names(a.ll), _names(a.lk.keys()), a.dflt, a.dl and a.dl.label.name, a.o, a.tags, a.testonly)

show = rule(_show, attrs = {
    "b": attr.bool(),
    "d": attr.string_dict(),
    "dflt": attr.string_list(default = ["one", "two"]),
    "dl": attr.label(default = "//attribute_defaults:f.txt", allow_single_file = True),
    "i": attr.int(),
    "il": attr.int_list(),
    "l": attr.label(),
    "lk": attr.label_keyed_string_dict(),
    "ll": attr.label_list(allow_files = True),
    "o": attr.output(),
    "s": attr.string(),
    "sd": attr.string_list_dict(),
    "sl": attr.string_list(),
})
