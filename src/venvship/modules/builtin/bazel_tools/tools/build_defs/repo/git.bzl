"""Repositories from commits of git."""

load(":utils.bzl", "patch", "workspace_and_buildfile")

def _git(ctx, *arguments):
    return ctx.execute(
        ["git", "-c", "core.hooksPath=/dev/null"] + list(arguments),
        timeout = 3600,
        environment = {"GIT_DIR": None, "GIT_WORK_TREE": None, "GIT_INDEX_FILE": None, "GIT_TERMINAL_PROMPT": "0"},
        quiet = not ctx.attr.verbose,
    )

def _must(ctx, *arguments):
    result = _git(ctx, *arguments)
    if result.return_code:
        fail("git {} failed for {}:\n{}".format(arguments[0], ctx.attr.remote, result.stderr))
    return result.stdout.strip()

def _check_out(ctx):
    given = [one for one in (ctx.attr.commit, ctx.attr.tag, ctx.attr.branch) if one]
    if len(given) != 1:
        fail("Exactly one of commit, tag and branch must be provided")
    reference = given[0]
    if reference.startswith("-") or ctx.attr.remote.startswith("-"):
        fail("a remote or reference can't begin with -")
    _must(ctx, "init", "--quiet", ".")
    _must(ctx, "remote", "add", "origin", ctx.attr.remote)
    shallow = _git(ctx, "fetch", "--quiet", "--depth=1", "origin", reference)
    if shallow.return_code:
        _must(ctx, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
        name = reference if not ctx.attr.branch else "origin/" + reference
        _must(ctx, "checkout", "--quiet", "--detach", name)
    else:
        _must(ctx, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    if ctx.attr.init_submodules or ctx.attr.recursive_init_submodules:
        recursive = ["--recursive"] if ctx.attr.recursive_init_submodules else []
        _must(ctx, "submodule", "update", "--quiet", "--init", *recursive)
    commit = _must(ctx, "rev-parse", "HEAD")
    ctx.delete(".git")
    if ctx.attr.strip_prefix:
        _strip(ctx)
    return commit

def _strip(ctx):
    prefix = ctx.attr.strip_prefix.strip("/")
    if not ctx.path(prefix).is_dir:
        fail("strip_prefix at {} does not exist in repo".format(prefix))
    ctx.rename(prefix, ".stripped")
    for child in ctx.path(".").readdir(watch = "no"):
        if child.basename != ".stripped":
            ctx.delete(child)
    for child in ctx.path(".stripped").readdir(watch = "no"):
        ctx.rename(child, child.basename)
    ctx.delete(".stripped")

_ATTRIBUTES = {
    "branch": attr.string(),
    "build_file": attr.label(allow_single_file = True),
    "build_file_content": attr.string(),
    "commit": attr.string(),
    "init_submodules": attr.bool(default = False),
    "patch_args": attr.string_list(),
    "patch_cmds": attr.string_list(),
    "patch_cmds_win": attr.string_list(),
    "patch_strip": attr.int(default = 0),
    "patch_tool": attr.string(),
    "patches": attr.label_list(),
    "recursive_init_submodules": attr.bool(default = False),
    "remote": attr.string(mandatory = True),
    "shallow_since": attr.string(),
    "strip_prefix": attr.string(),
    "tag": attr.string(),
    "verbose": attr.bool(default = False),
    "workspace_file": attr.label(),
    "workspace_file_content": attr.string(),
}

def _git_repository(ctx):
    _check_out(ctx)
    workspace_and_buildfile(ctx)
    patch(ctx)

git_repository = repository_rule(
    implementation = _git_repository,
    attrs = _ATTRIBUTES,
)

def _new_git_repository(ctx):
    if bool(ctx.attr.build_file) == bool(ctx.attr.build_file_content):
        fail("Exactly one of build_file and build_file_content must be provided.")
    _git_repository(ctx)

new_git_repository = repository_rule(
    implementation = _new_git_repository,
    attrs = _ATTRIBUTES,
)
