"""Labels, depsets and providers as programs see them."""

from __future__ import annotations

import pytest
from loading_workspace import LoadingWorkspace, package


def printed(text: str) -> list[str]:
    """What a `.bzl` file prints."""
    workspace = package('load(":x.bzl", "X")', {"x.bzl": f"{text}\nX = 1\n"})
    workspace.load("p")
    return [line.split(": ", 1)[1] for line in workspace.printed]


def refused(text: str) -> str:
    return package('load(":x.bzl", "X")', {"x.bzl": f"{text}\nX = 1\n"}).problems("p")


def test_labels_print_unambiguously_and_have_fields() -> None:
    assert printed(
        'l = Label("//a/b:c")\n'
        "print(l, [l], l.name, l.package, l.repo_name, l.workspace_root)\n"
        'print(Label(":y"), Label("//x"), l.relative(":d"), l.same_package_label("e"), type(l))\n'
        'print(Label("//x") == Label("//x:x"), {Label("//x"): 1}[Label("//x:x")], Label(l))'
    ) == [
        '@@//a/b:c [Label("@@//a/b:c")] c a/b  ',
        "@@//p:y @@//x:x @@//a/b:d @@//a/b:e Label",
        "True 1 @@//a/b:c",
    ]


@pytest.mark.parametrize("text", ["@", "", "//a/", "//a:b:c", "@no pe//x", "a/../b"])
def test_bad_labels_are_refused(text: str) -> None:
    assert refused(f'L = Label("{text}")').startswith("p/x.bzl:1:")


def test_a_label_may_name_a_repository_that_nobody_sees() -> None:
    assert printed('print(Label("@nope//x:y"), Label("@nope"))') == [
        "@@[unknown repo 'nope' requested from @@]//x:y @@[unknown repo 'nope' requested from @@]//:nope"
    ]


def test_label_belongs_to_the_file_it_stands_in() -> None:
    workspace = LoadingWorkspace(
        {
            "p/BUILD": 'load("//q:x.bzl", "f")\nf()',
            "q/BUILD": "",
            "q/x.bzl": 'def f():\n    print(Label(":here"), native.package_relative_label(":there"))\n',
        }
    )
    workspace.load("p")
    assert workspace.printed == ["q/x.bzl:2:10: @@//q:here @@//p:there"]


def test_functions_print_with_their_file() -> None:
    assert printed("def f():\n    pass\nprint(f, native.files, native)")[0].startswith(
        "<function f from //p:x.bzl> <built-in function files> struct("
    )


def test_depsets_have_bazels_orders() -> None:
    assert printed(
        """
def dag(order):
    d = depset(["d1", "d2"], order = order)
    b = depset(["b1"], transitive = [d], order = order)
    c = depset(["c1", "d1"], transitive = [d], order = order)
    return depset(["a1", "a2"], transitive = [b, c], order = order)

[print(dag(order)) for order in ["default", "postorder", "preorder", "topological"]]
"""
    ) == [
        'depset(["d1", "d2", "b1", "c1", "a1", "a2"])',
        'depset(["d1", "d2", "b1", "c1", "a1", "a2"], order = "postorder")',
        'depset(["a1", "a2", "b1", "d1", "d2", "c1"], order = "preorder")',
        'depset(["a1", "a2", "b1", "c1", "d1", "d2"], order = "topological")',
    ]


def test_depsets_compare_by_identity_and_the_empty_one_is_one() -> None:
    assert printed(
        "e = depset()\n"
        "print(bool(e), bool(depset([1])), depset([1]) == depset([1]), type(depset().to_list()))\n"
        'print(depset(transitive = [e]) == e, type(e), depset(["b", "a", "b"]).to_list())'
    ) == ["False True False list", 'True depset ["b", "a"]']


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('depset(["a"], order = "sideways")', "Invalid order: sideways"),
        (
            'depset(["a"], order = "preorder", transitive = [depset(["b"], order = "postorder")])',
            "Order 'preorder' is incompatible with order 'postorder'",
        ),
        ('depset(["a"], transitive = [depset([1])])', "cannot add an item of type 'int' to a depset of 'string'"),
        ('depset(["a", 1])', "cannot add an item of type 'int' to a depset of 'string'"),
        ("depset([[]])", "depset elements must not be mutable values"),
        ("depset([{}])", "depset elements must not be mutable values"),
        ("depset([([],)])", "unhashable type: 'list'"),
        ('depset("abc")', "not iterable"),
        ('depset(["a"], transitive = [["b"]])', "transitive"),
        ('[x for x in depset(["a"])]', "not iterable"),
        ('len(depset(["a"]))', "not iterable"),
        ('depset(["a"]) + depset(["b"])', "depset"),
    ],
)
def test_depsets_refuse_what_they_cannot_hold(expression: str, message: str) -> None:
    assert message.lower() in refused(f"X1 = {expression}").lower()


def test_providers_make_structs_of_their_kind() -> None:
    assert printed(
        """
A = provider(fields = ["x", "y"])
B = provider(doc = "anything")
def main():
    a = A(x = 1)
    print(a, a.x, hasattr(a, "y"), dir(a), type(a), type(A), A(x = 1) == a, B(x = 1) == a, {a: 1}[A(x = 1)])
main()
"""
    ) == ['struct(x = 1) 1 False ["x"] struct Provider True False 1']


def test_providers_may_check_what_they_are_made_of() -> None:
    assert printed(
        """
def _init(x, *, double = False):
    return {"x": x * 2 if double else x}
A, new_a = provider(fields = {"x": "a number"}, init = _init)
print(A(1), A(2, double = True), new_a(x = 5))
"""
    ) == ["struct(x = 1) struct(x = 4) struct(x = 5)"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("A(1)", "A: unexpected positional arguments"),
        ("A(z = 1)", "unexpected keyword z in call to instantiate provider A"),
        ("A(x = 1).y", "y"),
        ("A(x = 1).z", "z"),
        ("provider(fields = [1])", "got element of type int, want string"),
        ("provider(init = lambda: 1)[0]()", "got int for 'init callback return value', want dict"),
    ],
)
def test_providers_refuse_what_does_not_fit(call: str, message: str) -> None:
    workspace = package(
        'load(":use.bzl", "X")',
        {"x.bzl": 'A = provider(fields = ["x", "y"])', "use.bzl": f'load(":x.bzl", "A")\nX = {call}'},
    )
    assert message in workspace.problems("p")


def test_provider_instances_freeze_with_their_file() -> None:
    workspace = package('load(":x.bzl", "a")\na.l.append(1)', {"x.bzl": "A = provider()\na = A(l = [])"})
    assert "frozen list" in workspace.problems("p")
