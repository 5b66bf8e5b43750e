"""Workspaces for patterns, queries and commands: rules that carry attributes and do nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loading_workspace import LoadingWorkspace

from venvship.errors import EnvironmentProblem
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.config_module import EXEC
from venvship.loading.package import Package
from venvship.loading.repositories import Repository
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import Target
from venvship.model.label import Label, PackageId
from venvship.query.expression import parse_query
from venvship.query.functions import Evaluator
from venvship.query.label_names import LabelNames
from venvship.query.outputs import OutputOptions, printed
from venvship.query.packages import Packages
from venvship.query.target_graph import TargetGraph

HERE = PackageId("", "")
MAPPING = {"": "", "pypi": "pip_hub"}

_LIBRARY = (
    AttributeSpec("srcs", AttributeType.LABEL_LIST, allow_files=True),
    AttributeSpec("deps", AttributeType.LABEL_LIST),
    AttributeSpec("data", AttributeType.LABEL_LIST, allow_files=True),
    AttributeSpec("imports", AttributeType.STRING_LIST),
    AttributeSpec("main", AttributeType.STRING, default="main.py"),
    AttributeSpec("stamped", AttributeType.BOOL),
    AttributeSpec("compiler", AttributeType.LABEL, transition=EXEC),
    AttributeSpec("_runtime", AttributeType.LABEL, default=Label(PackageId("", "tools"), "runtime")),
)
QUERY_RULES: Mapping[str, RuleClass] = {
    rule.name: rule
    for rule in (
        RuleClass("py_library", _LIBRARY),
        RuleClass("py_binary", _LIBRARY, is_executable=True),
        RuleClass("py_test", _LIBRARY, is_executable=True, is_test=True),
        RuleClass("sh_test", (), is_executable=True, is_test=True),
        RuleClass("alias", (AttributeSpec("actual", AttributeType.LABEL),)),
        RuleClass("condition", ()),
        RuleClass("test_suite", (AttributeSpec("tests", AttributeType.LABEL_LIST),)),
        RuleClass("make", (AttributeSpec("outs", AttributeType.OUTPUT_LIST), *_LIBRARY[:2])),
    )
}


def workspace(files: Mapping[str, str], *, external: Mapping[str, str] | None = None) -> LoadingWorkspace:
    """BUILD files by package, other files by path; `external` are packages of the repository `@pypi`."""

    def path(name: str) -> str:
        is_file = "." in name.rpartition("/")[2]
        return name if is_file else f"{name}/BUILD.bazel".lstrip("/")

    texts = {path(name): text for name, text in files.items()}
    texts.setdefault("tools/BUILD.bazel", 'py_library(name = "runtime", visibility = ["//visibility:public"])')
    texts.update({f"external/{path(name)}": text for name, text in (external or {}).items()})
    texts[".bazelignore"] = "external\n"
    hub = Repository("pip_hub", {"": "", "pip_hub": "pip_hub"}, root="/w/external")
    return LoadingWorkspace(texts, mapping=MAPPING, repositories=(hub,), rules=QUERY_RULES)


class Unreachable:
    """Packages, of which those of one repository can't be reached from here."""

    def __init__(self, packages: Packages, repository: str) -> None:
        self._packages = packages
        self._repository = repository

    def load(self, package: PackageId) -> Package:
        return self._packages.load(package)

    def target(self, label: Label) -> Target:
        if label.repository == self._repository:
            raise EnvironmentProblem("the network is down")
        return self._packages.target(label)

    def exists(self, package: PackageId) -> bool:
        return self._packages.exists(package)

    def packages_below(self, repository_name: str, directory: str = "") -> Sequence[PackageId]:
        return self._packages.packages_below(repository_name, directory)


class Query:
    """Asks queries of one workspace."""

    def __init__(
        self,
        packages: Packages,
        *,
        here: PackageId = HERE,
        universe: Sequence[str] = (),
        implicit: bool = False,
        tools: bool = True,
    ) -> None:
        self.graph = TargetGraph(packages, implicit=implicit, tools=tools)
        self.evaluator = Evaluator(self.graph, relative_to=here, mapping=MAPPING, universe=universe)

    def __call__(self, text: str) -> list[str]:
        """The labels in the order in which they were found."""
        names = LabelNames(MAPPING)
        return [names.name(label) for label in self.evaluator.evaluate(parse_query(text))]

    def problems(self) -> list[str]:
        return [error.message for error in self.graph.errors.values()]

    def printed(self, text: str, options: OutputOptions) -> list[str]:
        return printed(self.evaluator.evaluate(parse_query(text)), self.graph, LabelNames(MAPPING), options)
