"""Layers of images."""

_LAYER_TIER = Label("//py:layer_tier")

# Of rules_py 1, with what does it now.
_REMOVED = {
    "compress": "`group_compress_levels` sets how layers are compressed",
    "group": "files in layers belong to root",
    "layer_groups": "`groups` and `layer_tier` choose what has a layer of its own",
    "owner": "files in layers belong to root",
    "root": "a program is `/app` in its image: make that the entrypoint of `oci_image`, or set `launcher_dir`",
    "tar_args": "layers are not written by tar",
}

def py_image_layer(name, **kwargs):
    """Layers of a program; answers the label of the target in a list, as `tars` of an image takes it.

    Args:
      name: name of the target.
      **kwargs: everything that the rule takes.
    """
    removed = {key: kwargs.pop(key, None) for key in _REMOVED}
    problems = ["py_image_layer has no `%s` any more: %s" % (key, _REMOVED[key]) for key, value in removed.items() if value]
    if problems:
        fail("`%s`: %s" % (name, "\n  ".join(problems)))
    if not kwargs.get("layer_tier"):
        kwargs["layer_tier"] = _LAYER_TIER
    _venvship.py_image_layer(name = name, **kwargs)
    for suffix, group in {"no_src": "deps", "only_src": "sources"}.items():
        native.filegroup(
            name = "%s_%s" % (name, suffix),
            srcs = [":" + name],
            output_group = group,
            tags = (kwargs.get("tags") or []) + ["manual"],
            testonly = kwargs.get("testonly"),
            visibility = kwargs.get("visibility"),
        )
    return [":" + name]
