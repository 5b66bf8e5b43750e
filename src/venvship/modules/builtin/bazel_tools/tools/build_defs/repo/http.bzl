"""Repositories from addresses: archives, single files and jars."""

load(":utils.bzl", "get_auth", "patch", "workspace_and_buildfile")

_SOURCE = {
    "auth_patterns": attr.string_dict(),
    "canonical_id": attr.string(),
    "integrity": attr.string(),
    "netrc": attr.string(),
    "sha256": attr.string(),
    "url": attr.string(),
    "urls": attr.string_list(),
}

def _urls(ctx):
    urls = ([ctx.attr.url] if ctx.attr.url else []) + ctx.attr.urls
    if not urls:
        fail("At least one of url and urls must be provided")
    return urls

def _http_archive(ctx):
    urls = _urls(ctx)
    ctx.download_and_extract(
        urls,
        ctx.attr.add_prefix,
        ctx.attr.sha256,
        ctx.attr.type,
        ctx.attr.strip_prefix,
        canonical_id = ctx.attr.canonical_id,
        auth = get_auth(ctx, urls),
        integrity = ctx.attr.integrity,
    )
    for path, url in ctx.attr.remote_file_urls.items():
        ctx.download(
            url,
            path,
            auth = get_auth(ctx, url),
            integrity = ctx.attr.remote_file_integrity.get(path, ""),
        )
    for path, file in ctx.attr.files.items():
        ctx.delete(path)
        ctx.symlink(file, path)
    workspace_and_buildfile(ctx)
    patch(ctx)

http_archive = repository_rule(
    implementation = _http_archive,
    attrs = dict(
        _SOURCE,
        add_prefix = attr.string(),
        build_file = attr.label(allow_single_file = True),
        build_file_content = attr.string(),
        files = attr.string_keyed_label_dict(),
        patch_args = attr.string_list(),
        patch_cmds = attr.string_list(),
        patch_cmds_win = attr.string_list(),
        patch_strip = attr.int(default = 0),
        patch_tool = attr.string(),
        patches = attr.label_list(),
        remote_file_integrity = attr.string_dict(),
        remote_file_urls = attr.string_list_dict(),
        remote_module_file_integrity = attr.string(),
        remote_module_file_urls = attr.string_list(),
        remote_patch_strip = attr.int(default = 0),
        remote_patches = attr.string_dict(),
        strip_prefix = attr.string(),
        type = attr.string(),
        workspace_file = attr.label(),
        workspace_file_content = attr.string(),
    ),
)

_FILE = """\
package(default_visibility = ["//visibility:public"])

filegroup(
    name = "file",
    srcs = ["{}"],
)
"""

def _http_file(ctx):
    urls = _urls(ctx)
    path = ctx.attr.downloaded_file_path
    ctx.download(
        urls,
        "file/" + path,
        ctx.attr.sha256,
        ctx.attr.executable,
        canonical_id = ctx.attr.canonical_id,
        auth = get_auth(ctx, urls),
        integrity = ctx.attr.integrity,
    )
    ctx.file("file/BUILD.bazel", _FILE.format(path), executable = False)

http_file = repository_rule(
    implementation = _http_file,
    attrs = dict(
        _SOURCE,
        downloaded_file_path = attr.string(default = "downloaded"),
        executable = attr.bool(default = False),
    ),
)

def _http_jar(ctx):
    urls = _urls(ctx)
    path = ctx.attr.downloaded_file_name
    ctx.download(
        urls,
        "jar/" + path,
        ctx.attr.sha256,
        canonical_id = ctx.attr.canonical_id,
        auth = get_auth(ctx, urls),
        integrity = ctx.attr.integrity,
    )
    ctx.file("jar/BUILD.bazel", _FILE.format(path), executable = False)

http_jar = repository_rule(
    implementation = _http_jar,
    attrs = dict(
        _SOURCE,
        downloaded_file_name = attr.string(default = "downloaded.jar"),
    ),
)
