"""The module extension with which MODULE.bazel files name images of registries."""

_BUILD = """\
load("@rules_oci//oci:pull.bzl", "oci_pull")

oci_pull(
    name = {name},
    digest = {digest},
    image = {image},
    lazy = {lazy},
    platforms = {platforms},
    visibility = ["//visibility:public"],
)
"""

def _image_repository(ctx):
    ctx.file("BUILD.bazel", _BUILD.format(
        name = repr(ctx.attr.target),
        digest = repr(ctx.attr.digest),
        image = repr(ctx.attr.image),
        lazy = repr(ctx.attr.lazy),
        platforms = repr(ctx.attr.platforms),
    ), executable = False)

_image = repository_rule(
    implementation = _image_repository,
    attrs = {
        "digest": attr.string(mandatory = True),
        "image": attr.string(mandatory = True),
        "lazy": attr.bool(),
        "platforms": attr.string_list(),
        "target": attr.string(mandatory = True),
    },
)

def _said(tag):
    """The image and the digest of a tag, whichever way they are written."""
    if bool(tag.image) == bool(tag.registry and tag.repository):
        fail("oci.pull(name = \"{}\"): give either `image`, or `registry` and `repository`".format(tag.name))
    image, _, digest = (tag.image or "{}/{}".format(tag.registry, tag.repository)).partition("@")
    if tag.digest and digest and tag.digest != digest:
        fail("oci.pull(name = \"{}\"): `image` names another digest than `digest`".format(tag.name))
    start, slash, last = image.rpartition("/")
    last, _, named = last.partition(":")
    if not (tag.digest or digest):
        fail("oci.pull(name = \"{}\") has no `digest`, and tags move. Add the one that `skopeo inspect docker://{}` prints".format(
            tag.name,
            start + slash + last + ":" + (tag.tag or named or "latest"),
        ))
    return start + slash + last, tag.digest or digest

def _oci(ctx):
    made = {}
    for module in ctx.modules:
        for tag in module.tags.pull:
            image, digest = _said(tag)
            wanted = [(tag.name, [])] + [
                ("{}_{}".format(tag.name, platform.replace("/", "_")), [platform])
                for platform in tag.platforms
            ]
            for name, platforms in wanted:
                said = (image, digest, platforms, tag.lazy)
                if made.get(name, said) != said:
                    fail("oci.pull(name = \"{}\") of module `{}` is another image than that of a module before it".format(
                        tag.name,
                        module.name,
                    ))
                if name not in made:
                    _image(
                        name = name,
                        digest = digest,
                        image = image,
                        lazy = tag.lazy,
                        platforms = platforms,
                        target = name,
                    )
                made[name] = said

oci = module_extension(
    implementation = _oci,
    tag_classes = {
        "pull": tag_class(attrs = {
            "bazel_tags": attr.string_list(),
            "digest": attr.string(),
            "image": attr.string(),
            # Layers stay in the registry until something reads them.
            "lazy": attr.bool(),
            "name": attr.string(mandatory = True),
            "platforms": attr.string_list(),
            "registry": attr.string(),
            "repository": attr.string(),
            "reproducible": attr.bool(default = True),
            "tag": attr.string(),
        }),
        # Programs of rules_oci, of which nothing here makes use.
        "toolchains": tag_class(attrs = {
            "crane_version": attr.string(),
            "name": attr.string(),
            "regctl_version": attr.string(),
        }),
    },
)
