"""Archives, which have a module of their own since."""

load(
    "@tar.bzl//tar:tar.bzl",
    _mtree_mutate = "mtree_mutate",
    _mtree_spec = "mtree_spec",
    _mutate = "mutate",
    _tar = "tar",
    _tar_rule = "tar_rule",
)

mtree_mutate = _mtree_mutate
mtree_spec = _mtree_spec
mutate = _mutate
tar = _tar
tar_rule = _tar_rule
