"""A workspace in memory, and the loader that reads it."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.errors import Place, UserError
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.code_cache import CodeCache
from venvship.loading.files import MemoryFiles
from venvship.loading.kept_packages import RuleDigest
from venvship.loading.package import Package
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import KnownRepositories, Repository
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import RuleTarget
from venvship.loading.workspace import join_host
from venvship.memo.computation import Memo
from venvship.model.label import PackageId
from venvship.starlark.host_types import Value

FILES = RuleClass("files", (AttributeSpec("srcs", AttributeType.LABEL_LIST, allow_files=True),))
MAKE = RuleClass(
    "make",
    (
        AttributeSpec("srcs", AttributeType.LABEL_LIST, allow_files=True),
        AttributeSpec("outs", AttributeType.OUTPUT_LIST, mandatory=True, allow_empty=False),
        AttributeSpec("cmd", AttributeType.STRING),
        AttributeSpec("_tool", AttributeType.LABEL),
    ),
)
VALUES = RuleClass(
    "values",
    (
        AttributeSpec("text", AttributeType.STRING, default="a", values=("a", "b")),
        AttributeSpec("texts", AttributeType.STRING_LIST),
        AttributeSpec("text_dict", AttributeType.STRING_DICT),
        AttributeSpec("text_lists", AttributeType.STRING_LIST_DICT),
        AttributeSpec("label", AttributeType.LABEL, allow_files=True),
        AttributeSpec("labels", AttributeType.LABEL_LIST, allow_files=True),
        AttributeSpec("label_values", AttributeType.STRING_KEYED_LABEL_DICT),
        AttributeSpec("label_keys", AttributeType.LABEL_KEYED_STRING_DICT),
        AttributeSpec("flag", AttributeType.BOOL, default=True),
        AttributeSpec("number", AttributeType.INT, default=5),
        AttributeSpec("numbers", AttributeType.INT_LIST),
        AttributeSpec("out", AttributeType.OUTPUT),
        AttributeSpec("fixed", AttributeType.STRING, configurable=False),
    ),
)
CHECK = RuleClass("check_test", (AttributeSpec("data", AttributeType.LABEL_LIST, allow_files=True),), is_test=True)
RULES: Mapping[str, RuleClass] = {rule.name: rule for rule in (FILES, MAKE, VALUES, CHECK)}


class LoadingWorkspace:
    """Files by path below the root of a workspace, further repositories, and what loading them printed."""

    def __init__(
        self,
        files: Mapping[str, str],
        *,
        links: Mapping[str, str] | None = None,
        mapping: Mapping[str, str] | None = None,
        repositories: tuple[Repository, ...] = (),
        rules: Mapping[str, RuleClass] = RULES,
        bzl_names: Mapping[str, Value] | None = None,
        cache: CodeCache | None = None,
        surroundings: str | None = None,
        rule_digest: RuleDigest = lambda rule: None,
    ) -> None:
        self.files = MemoryFiles(
            {f"/w/{path}": text for path, text in files.items()},
            {f"/w/{path}": join_host("/w", target) for path, target in (links or {}).items()},
        )
        self.memo = Memo()
        self.printed: list[str] = []
        main = Repository("", {"": "", **(mapping or {})}, root="/w")
        self.loader = PackageLoader(
            repositories=KnownRepositories([main, *repositories]),
            files=self.files,
            memo=self.memo,
            rule_classes=rules,
            bzl_names=bzl_names,
            print_handler=self._print,
            code_cache=cache,
            surroundings=None if surroundings is None else lambda: surroundings,
            rule_digest=rule_digest,
        )

    def load(self, path: str, repository: str = "") -> Package:
        return self.loader.load(PackageId(repository, path))

    def rule(self, path: str, name: str) -> RuleTarget:
        target = self.load(path).targets[name]
        assert isinstance(target, RuleTarget)
        return target

    def problems(self, path: str) -> str:
        """What loading a package complains about."""
        try:
            self.load(path)
        except UserError as error:
            return str(error)
        return ""

    def _print(self, text: str, place: Place) -> None:
        self.printed.append(f"{place}: {text}")


def package(text: str, files: Mapping[str, str] | None = None) -> LoadingWorkspace:
    """A workspace with one package `p`, and further files in its directory."""
    return LoadingWorkspace({"p/BUILD.bazel": text, **{f"p/{name}": one for name, one in (files or {}).items()}})
