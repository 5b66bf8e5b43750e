"""`repository_rule`, `module_extension` and `tag_class` as values of `.bzl` files."""

from __future__ import annotations

import pytest
from loading_workspace import LoadingWorkspace

from venvship.errors import Place, SeveralErrors
from venvship.loading.attr_module import ATTR
from venvship.loading.attribute_values import LabelReader
from venvship.loading.module_extension import REPOSITORY_NAMES, ModuleExtension
from venvship.loading.named_values import MistakenAttribute, shown_value, stable_text
from venvship.loading.repository_rule import RepositoryRule
from venvship.model.label import Label, PackageId

PLACE = Place("MODULE.bazel", 2)
LABELS = LabelReader(PackageId("user", ""), {"": "", "dep": "dep+canonical"})


def loaded(text: str) -> dict[str, object]:
    workspace = LoadingWorkspace({"p/BUILD.bazel": "", "p/r.bzl": text}, bzl_names={**REPOSITORY_NAMES, "attr": ATTR})
    return dict(workspace.loader.bzl.load(Label(PackageId("", "p"), "r.bzl")).globals)


def problem(text: str) -> str:
    workspace = LoadingWorkspace(
        {"p/BUILD.bazel": 'load(":r.bzl", "r")\nr(name = "x")', "p/r.bzl": text},
        bzl_names={**REPOSITORY_NAMES, "attr": ATTR},
    )
    return workspace.problems("p")


def rule(attrs: str) -> RepositoryRule:
    found = loaded(f"def _i(ctx):\n    pass\nr = repository_rule(implementation = _i, attrs = {{{attrs}}})")["r"]
    assert isinstance(found, RepositoryRule)
    return found


def test_a_rule_knows_its_name_and_file() -> None:
    found = rule('"a": attr.string(default = "d")')
    assert (str(found.file), found.name) == ("//p:r.bzl", "r")
    assert found.call("x", {}, LABELS, PLACE).attributes == {"a": "d"}


def test_labels_are_read_as_whoever_calls_the_rule_understands_them() -> None:
    found = rule('"own": attr.label(default = ":d"), "a": attr.label_list(), "b": attr.string_keyed_label_dict()')
    made = found.call("x", {"a": shown_value(("//q:f", "@dep//:g"))}, LABELS, PLACE)
    assert made.attributes["own"] == Label(PackageId("", "p"), "d")
    assert made.attributes["a"] == (Label(PackageId("user", "q"), "f"), Label(PackageId("dep+canonical", ""), "g"))


def test_all_mistakes_of_a_call_are_told_at_once() -> None:
    found = rule('"text": attr.string(), "must": attr.string(mandatory = True), "_p": attr.string(), "n": attr.int()')
    with pytest.raises(SeveralErrors) as caught:
        found.call("x", {"txt": "a", "_p": "b", "n": "c"}, LABELS, PLACE)
    assert [(error.message, error.place) for error in caught.value.errors] == [
        ("repository rule `r` has no attribute `txt`", PLACE),
        ("attribute `_p` of repository rule `r` is private", PLACE),
        ("repository rule `r` needs a value for `must`", PLACE),
        ("expected value of type 'int' for attribute 'n' in repository rule `r`, but got \"c\" (string)", PLACE),
    ]
    assert isinstance(caught.value.errors[0], MistakenAttribute) and caught.value.errors[0].hint is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "def _i(ctx):\n    pass\nr = repository_rule(implementation = _i)",
            "can only be called from the implementation",
        ),
        ("r = repository_rule(implementation = 3)", "parameter 'implementation' got value of type 'int'"),
        ("r = module_extension(implementation = len)", "parameter 'implementation' got value of type"),
        ('r = tag_class(attrs = {"a": 3})', "got int for value of 'a', want Attribute"),
        ('r = tag_class(attrs = {"a": attr.output()})', "attribute 'a' can't name outputs here"),
        ('r = tag_class(attrs = {"a-b": attr.string()})', "can't be the name of an attribute"),
        (
            'def _i(ctx):\n    pass\nr = module_extension(implementation = _i, tag_classes = {"t": 1})',
            'in tag_classes, got int for value of "t"',
        ),
    ],
)
def test_misuse_is_refused(text: str, message: str) -> None:
    assert message.replace('"t"', "'t'") in problem(text)


def test_an_extension_keeps_its_tag_classes() -> None:
    found = loaded(
        "def _i(ctx):\n    pass\n"
        'e = module_extension(implementation = _i, tag_classes = {"t": tag_class(attrs = {"a": attr.bool()})}, '
        'os_dependent = True, environ = ["V"])'
    )["e"]
    assert isinstance(found, ModuleExtension)
    assert (found.name, list(found.tag_classes), list(found.tag_classes["t"].specs)) == ("e", ["t"], ["a"])
    assert found.environ == ("V",)


def test_equal_values_have_equal_texts() -> None:
    label = Label(PackageId("r", "p"), "n")
    assert stable_text({"a": (label, "b"), "c": None}) == stable_text({"a": (label, "b"), "c": None})
    different = [label, str(label.canonical), ("x",), "x", {"x": "y"}, 1, True, None, "None"]
    assert len({stable_text(value) for value in different}) == len(different)
