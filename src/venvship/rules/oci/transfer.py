"""`oci_load`, `oci_push` and `oci_pull`: images on their way to an engine, to a registry and from one."""

from __future__ import annotations

import re

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import OutputGroupInfo
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info
from venvship.rules.oci.commands import COMMAND_RUNTIME, runnable
from venvship.rules.oci.image import OciImageInfo, OciIndexInfo, image_providers
from venvship.rules.oci.sbom import AttachmentInfo

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


def _image(ctx: RuleContext) -> OciImageInfo | OciIndexInfo:
    [target] = ctx.targets("image")
    found = target.get(OciImageInfo) or target.get(OciIndexInfo)
    if found is None:
        raise ctx.error(f"`image` is `{target.label}`, a {target.kind}, which is neither an image nor an index")
    return found


def _oci_load(ctx: RuleContext) -> list[object]:
    image = _image(ctx)
    is_index = isinstance(image, OciIndexInfo)
    if is_index and ctx.string("format") == "docker":
        raise ctx.error('an index can\'t be loaded with `format = "docker"`', hint='use `format = "oci"`')
    tags = ctx.strings("repo_tags")
    tarball = ctx.declare_file(f"{ctx.label.name}.tar")
    files = [ctx.file("repo_tags_file")] if ctx.targets("repo_tags_file") else []
    ctx.run_tool(
        "image_archive",
        {
            "layout": image.layout,
            "output": tarball,
            "repo_tags": tags,
            **({"repo_tags_file": files[0]} if files else {}),
            **({"platform": _own_platform(ctx)} if is_index else {}),
        },
        inputs=[image.layout, *files],
        outputs=[tarball],
        mnemonic="OciTarball",
        progress=f"Writing archive of {ctx.label}",
        # Layers of a base may still be in a registry.
        user_environment=True,
    )
    arguments: list[str | Artifact | tuple[str, Artifact]] = [image.layout, *(f"--repo_tag={tag}" for tag in tags)]
    if files:
        arguments.append(("--repo_tags_file", files[0]))
    if ctx.string("loader"):
        arguments.append(f"--loader={ctx.string('loader')}")
    if is_index:
        arguments.append(f"--platform=linux/{ctx.configuration.platform.oci_architecture}")
    return [
        runnable(ctx, "oci_load", arguments),
        OutputGroupInfo({"tarball": Depset([tarball])}),
        arguments_info(ctx),
    ]


def _own_platform(ctx: RuleContext) -> dict[str, str]:
    return {"os": "linux", "architecture": ctx.configuration.platform.oci_architecture}


OCI_LOAD = RuleClass(
    "oci_load",
    (
        attributes.label("image", mandatory=True),
        attributes.strings("repo_tags"),
        attributes.label("repo_tags_file", files=True),
        attributes.string("format", values=("", "docker", "oci")),
        attributes.string("loader"),
        COMMAND_RUNTIME,
    ),
    _oci_load,
    is_executable=True,
)


def _oci_push(ctx: RuleContext) -> list[object]:
    image = _image(ctx)
    arguments: list[str | Artifact | tuple[str, Artifact]] = [image.layout]
    if ctx.string("repository") and ctx.targets("repository_file"):
        raise ctx.error("give either `repository` or `repository_file`")
    if ctx.string("repository"):
        arguments.append(f"--repository={ctx.string('repository')}")
    if ctx.targets("repository_file"):
        arguments.append(("--repository_file", ctx.file("repository_file")))
    if ctx.targets("remote_tags_file"):
        arguments.append(("--tags_file", ctx.file("remote_tags_file")))
    arguments += [f"--tag={tag}" for tag in ctx.strings("remote_tags")]
    images = image.images if isinstance(image, OciIndexInfo) else (image,)
    mounts = dict.fromkeys([*ctx.strings("mount_from"), *(source for one in images for source in one.sources)])
    arguments += [f"--mount={source}" for source in mounts]
    for attachment in ctx.provided("attachments", AttachmentInfo):
        arguments += ["--attach", attachment.media_type, attachment.file]
    return [runnable(ctx, "oci_push", arguments), arguments_info(ctx)]


OCI_PUSH = RuleClass(
    "oci_push",
    (
        attributes.label("image", mandatory=True),
        attributes.string("repository"),
        attributes.label("repository_file", files=True),
        attributes.strings("remote_tags"),
        attributes.label("remote_tags_file", files=True),
        attributes.strings("mount_from"),
        attributes.labels("attachments", providers=(AttachmentInfo,)),
        COMMAND_RUNTIME,
    ),
    _oci_push,
    is_executable=True,
)


def _oci_pull(ctx: RuleContext) -> list[object]:
    repository = ctx.string("image") or f"{ctx.string('registry')}/{ctx.string('repository')}"
    if bool(ctx.string("image")) == bool(ctx.string("registry") and ctx.string("repository")):
        raise ctx.error("give either `image`, or `registry` and `repository`")
    digest = ctx.string("digest")
    if not _DIGEST.match(digest):
        raise ctx.error(f"`digest` must be `sha256:` and 64 digits, and is `{digest}`", hint="tags move; digests don't")
    layout = ctx.declare_directory(ctx.label.name)
    ctx.run_tool(
        "oci_pull",
        {
            "repository": repository,
            "digest": digest,
            "platforms": ctx.strings("platforms") or (f"linux/{ctx.configuration.platform.oci_architecture}",),
            "output": layout,
            "lazy": ctx.boolean("lazy"),
        },
        inputs=[],
        outputs=[layout],
        mnemonic="OciPull",
        progress=f"Pulling {repository}@{digest[:19]}",
        user_environment=True,
    )
    stated = ctx.declare_file(f"{ctx.label.name}.digest")
    ctx.write(stated, digest.encode())
    return [*image_providers(layout, stated), OciImageInfo(layout, stated, (), (), (repository,))]


OCI_PULL = RuleClass(
    "oci_pull",
    (
        attributes.string("image"),
        attributes.string("registry"),
        attributes.string("repository"),
        attributes.string("digest", mandatory=True),
        attributes.strings("platforms"),
        attributes.boolean("lazy"),
    ),
    _oci_pull,
)
