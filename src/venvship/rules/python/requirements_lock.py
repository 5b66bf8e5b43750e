"""`requirements_lock`: a program that writes a requirements file which pins everything, and a test for it.

The program is a script that calls uv. `compile_words` tells with which words, for `venvship lock` too.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.paths import basename
from venvship.model.provider import DefaultInfo, RunEnvironmentInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info, test_info
from venvship.rules.python.providers import InterpreterInfo
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE

REQUIREMENTS_LOCK: Final = "requirements_lock"
_SETTINGS: Final = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_KEYRING_PROVIDER"),
    *("UV_CONFIG_FILE", "UV_NO_CONFIG", "UV_NATIVE_TLS", "UV_OFFLINE", "SSL_CERT_FILE", "HTTPS_PROXY", "NO_PROXY"),
    *("NETRC", "HOME"),
)
# Other rules can make a test of the program; it compares then, as a test does.
_UPDATE: Final = """#!/bin/sh
set -eu
if [ -n "${{TEST_TMPDIR-}}" ]; then
[ -x {uv} ] || {{
  echo {hidden} >&2
  exit 1
}}
{compare}
  exit
fi
cd "${{BUILD_WORKSPACE_DIRECTORY:?start this with the command run}}"
exec {command} --output-file {out} "$@"
"""
_TEST: Final = """#!/bin/sh
set -eu
{compare}
"""
_COMPARE: Final = """\
made="$TEST_TMPDIR/made.txt"
cp {out} "$made"
chmod u+w "$made"
{command} --cache-dir "$TEST_TMPDIR/uv" --output-file "$made" "$@"
# Tools differ in what they say about themselves and about who needs what.
pins() {{ sed -e 's/^#.*//' -e 's/[[:space:]]#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1"; }}
pins {out} > "$TEST_TMPDIR/locked.pins"
pins "$made" > "$TEST_TMPDIR/made.pins"
diff -u -L {out} -L made "$TEST_TMPDIR/locked.pins" "$TEST_TMPDIR/made.pins" || {{
  echo {stale} >&2
  exit 1
}}"""


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """What a lock is made from: paths in the workspace, and what its target says of the rest."""

    sources: tuple[str, ...]
    update: str
    constraints: tuple[str, ...] = ()
    build_constraints: tuple[str, ...] = ()
    python_version: str = ""
    hashes: bool = True
    strips_extras: bool = False
    words: tuple[str, ...] = ()


def compile_words(options: CompileOptions) -> tuple[str, ...]:
    """The words after the program; where the result goes is left out. A version among `words` counts."""
    version = options.python_version
    if any(word.partition("=")[0] == "--python-version" for word in options.words):
        version = ""
    return (
        *("pip", "compile", "--quiet", "--custom-compile-command", options.update),
        *(("--generate-hashes",) if options.hashes else ()),
        *(() if options.strips_extras else ("--no-strip-extras",)),
        *(("--python-version", version) if version else ()),
        *(word for path in options.constraints for word in ("--constraints", path)),
        *(word for path in options.build_constraints for word in ("--build-constraints", path)),
        *options.words,
        *options.sources,
    )


def update_command(label: Label) -> str:
    """What the lock says that it is made with."""
    return f"venvship run //{label.package.path}:{label.name}"


def requirements_lock_rules(uv_program: Callable[[], str]) -> tuple[RuleClass, RuleClass]:
    """The program and the test; `uv_program` tells where uv is, and is asked for targets that are built only."""

    def script(ctx: RuleContext, template: str, environment: Mapping[str, str]) -> list[object]:
        [runtime] = ctx.provided(RUNTIME_ATTRIBUTE.name, InterpreterInfo)
        words = compile_words(
            CompileOptions(
                _paths(ctx, "srcs"),
                _update_of(ctx),
                _paths(ctx, "constraints"),
                _paths(ctx, "build_constraints"),
                ctx.string("lock_python_version") or str(runtime.version),
                hashes=ctx.boolean("generate_hashes"),
                strips_extras=ctx.boolean("strip_extras"),
                words=ctx.strings("words"),
            )
        )
        out = ctx.string("out")
        if basename(out) == "uv.lock":
            raise ctx.error(
                f"`out` is `{out}`, and what is made here are requirements files",
                hint="`venvship lock` makes the uv.lock files of hubs; remove this target",
            )
        executable = ctx.declare_file(ctx.label.name)
        uv = uv_program()
        parts = {"command": shlex.join([uv, *words]), "out": shlex.quote(out)}
        stale = shlex.quote(f"`{out}` is not up to date: `{_update_of(ctx)}` makes it anew")
        hidden = shlex.quote(f"`{uv}` is not seen in the sandbox: add the tag `no-sandbox` to this test")
        compare = _COMPARE.format(stale=stale, **parts)
        text = template.format(compare=compare, hidden=hidden, uv=shlex.quote(uv), **parts)
        ctx.write(executable, text.encode(), executable=True)
        files = [*ctx.files("srcs"), *ctx.files("constraints"), *ctx.files("build_constraints"), *ctx.files("existing")]
        runfiles = Runfiles.merged([ctx.runfiles_of_data()], files=[executable, *files])
        return [
            DefaultInfo(Depset([executable]), runfiles, runfiles, executable),
            RunEnvironmentInfo(environment, _SETTINGS),
            arguments_info(ctx),
        ]

    def update(ctx: RuleContext) -> list[object]:
        return script(ctx, _UPDATE, ctx.string_dict("env"))

    def test(ctx: RuleContext) -> list[object]:
        return [*script(ctx, _TEST, ctx.string_dict("env")), test_info(ctx)]

    shared = (
        attributes.labels("srcs", files=True),
        attributes.labels("constraints", files=True),
        attributes.labels("build_constraints", files=True),
        attributes.labels("data", files=True),
        attributes.labels("existing", files=True),
        # A path in the workspace, which may be in another package.
        attributes.string("out", mandatory=True),
        attributes.strings("words"),
        attributes.string("lock_python_version"),
        attributes.boolean("generate_hashes", default=True),
        attributes.boolean("strip_extras"),
        attributes.string_dict("env"),
        attributes.string("update"),
        RUNTIME_ATTRIBUTE,
    )
    return (
        RuleClass(REQUIREMENTS_LOCK, shared, update, is_executable=True),
        RuleClass(f"{REQUIREMENTS_LOCK}_test", shared, test, is_executable=True, is_test=True),
    )


def _update_of(ctx: RuleContext) -> str:
    name = ctx.string("update")
    return update_command(Label(ctx.label.package, name) if name else ctx.label)


def _paths(ctx: RuleContext, name: str) -> tuple[str, ...]:
    return tuple(_in_workspace(ctx, ctx.files(name)))


def _in_workspace(ctx: RuleContext, files: Iterable[Artifact]) -> Iterable[str]:
    for file in files:
        if not file.is_source or file.root.repository:
            raise ctx.error(
                f"`{file.exec_path}` is no file of the workspace",
                hint="locks are made where the sources are, so name a file that is there",
            )
        yield file.path
