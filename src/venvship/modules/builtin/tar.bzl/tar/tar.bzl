"""Tar archives."""

load("//tar:mtree.bzl", _mtree_mutate = "mtree_mutate", _mtree_spec = "mtree_spec", _mutate = "mutate")

mtree_spec = _mtree_spec
mtree_mutate = _mtree_mutate
mutate = _mutate

def _is_label(value):
    return type(value) in ("string", "Label")

def tar(name, srcs = [], mtree = "auto", mutate = None, mode = "create", args = [], compress = None, out = None, **kwargs):
    """An archive of `srcs`, or of what a specification names.

    Args:
      name: the target's name.
      srcs: files and programs; of programs, their runfiles too.
      mtree: `auto`, a list of lines, or the label of a specification.
      mutate: with `auto`, what `mutate()` returns.
      mode: `create`.
      args: none are supported: the archive is written by a program of ours.
      compress: gzip, zstd, xz or bzip2; without, gzip in optimised builds (`-c opt`) and none in others.
      out: the file's name.
      **kwargs: `include_runfiles`, and attributes that every rule has.
    """
    if mode != "create":
        fail("`%s`: `mode` can only be create" % name)
    if args:
        fail("`%s`: `args` are for bsdtar, and no bsdtar is used" % name)
    for ignored in ["stamp", "compute_unused_inputs"]:
        if kwargs.pop(ignored, 0) not in [0, -1, None]:
            fail("`%s`: `%s` is not supported" % (name, ignored))
    if kwargs.pop("compressor", None) or kwargs.pop("compressor_args", None):
        fail("`%s`: compressors of your own are not supported; set `compress`" % name)
    if mutate != None:
        if mtree != "auto":
            fail("`%s`: `mutate` needs `mtree = \"auto\"`" % name)
        common = {key: kwargs[key] for key in ["testonly", "tags", "target_compatible_with"] if key in kwargs}
        spec = dict(common)
        if "include_runfiles" in kwargs:
            spec["include_runfiles"] = kwargs["include_runfiles"]
        _venvship.mtree_spec(name = name + "_mtree", srcs = srcs, **spec)
        mutate(name = name + "_mutated", mtree = ":" + name + "_mtree", srcs = srcs, **common)
        mtree = ":" + name + "_mutated"
    if mtree == "auto" or mtree == None:
        pass
    elif _is_label(mtree):
        kwargs["mtree_file"] = mtree
    else:
        kwargs["mtree_lines"] = mtree
    _venvship.tar(
        name = name,
        srcs = srcs,
        compress = compress or "",
        compress_by_mode = compress == None,
        out = out or "",
        **kwargs
    )

tar_rule = tar
