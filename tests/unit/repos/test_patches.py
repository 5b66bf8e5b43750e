from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.repos.patches import BadPatch, apply_patch


class MemoryTree:
    def __init__(self, files: dict[str, str]) -> None:
        self.files = {path: text.encode() for path, text in files.items()}
        self.executable: set[str] = set()

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write(self, path: str, content: bytes, *, executable: bool | None) -> None:
        self.files[path] = content
        if executable:
            self.executable.add(path)

    def remove(self, path: str) -> None:
        del self.files[path]


def patched(files: dict[str, str], patch: str, strip: int | None = 1) -> dict[str, str]:
    tree = MemoryTree(files)
    apply_patch(patch.encode(), tree, strip=strip, shown="p.patch")
    return {path: content.decode() for path, content in tree.files.items()}


CHANGE = "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"


def test_a_change_is_made() -> None:
    assert patched({"f": "one\ntwo\nthree\n"}, CHANGE) == {"f": "one\n2\nthree\n"}


@pytest.mark.parametrize("path", ["f", "lib/f"])
def test_how_much_of_paths_goes_is_told_by_the_files(path: str) -> None:
    patch = "--- lib/f\n+++ lib/f\n@@ -1 +1 @@\n-1\n+2\n"
    assert patched({path: "1\n"}, patch, strip=None) == {path: "2\n"}


def test_one_segment_of_paths_goes_unless_files_say_otherwise() -> None:
    both = {"f": "one\ntwo\nthree\n", "a/f": "one\ntwo\nthree\n"}
    assert patched(both, CHANGE, strip=None) == {**both, "f": "one\n2\nthree\n"}
    assert patched({}, "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\n", strip=None) == {"new": "x\n"}
    assert patched({"f": "1\n"}, "--- f\n+++ f\n@@ -1 +1 @@\n-1\n+2\n", strip=None) == {"f": "2\n"}
    with pytest.raises(BadPatch, match="changes `f`, which does not exist"):
        patched({}, CHANGE, strip=None)


def test_a_change_that_has_moved_is_found() -> None:
    assert patched({"f": "zero\n" * 9 + "one\ntwo\nthree\n"}, CHANGE)["f"].endswith("one\n2\nthree\n")


def test_context_that_differs_is_a_conflict() -> None:
    tree = MemoryTree({"f": "one\ntwo\nTHREE\n"})
    with pytest.raises(BadPatch, match=r"p\.patch:3: a change of `f` near line 1 does not fit its text"):
        apply_patch(CHANGE.encode(), tree, strip=1, shown="p.patch")
    assert tree.files == {"f": b"one\ntwo\nTHREE\n"}


def test_files_are_made_and_removed() -> None:
    patch = (
        "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+hello\n--- a/old\t2024-01-01\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n"
    )
    assert patched({"old": "bye\n"}, patch) == {"new": "hello\n"}


def test_what_git_says_is_understood() -> None:
    patch = (
        "From 123\nSubject: x\n\n"
        "diff --git a/run.sh b/run.sh\nnew file mode 100755\nindex 000..111\n--- /dev/null\n+++ b/run.sh\n"
        "@@ -0,0 +1 @@\n+echo\n"
        "diff --git a/old b/moved\nsimilarity index 100%\nrename from old\nrename to moved\n"
        "diff --git a/empty b/empty\nnew file mode 100644\nindex 000..e69\n"
        "diff --git a/gone b/gone\ndeleted file mode 100644\nindex e69..000\n"
    )
    tree = MemoryTree({"old": "text\n", "gone": ""})
    apply_patch(patch.encode(), tree, strip=1, shown="p")
    assert tree.files == {"run.sh": b"echo\n", "moved": b"text\n", "empty": b""}
    assert tree.executable == {"run.sh"}


def test_a_missing_newline_at_the_end_is_kept() -> None:
    patch = "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    assert patched({"f": "a"}, patch, strip=0) == {"f": "b"}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("nothing\n", "holds no change"),
        ("--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n one\n", "is cut off"),
        ("--- a/g\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n", "changes `g`, which does not exist"),
        ("--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n", "is no file to patch"),
        ("--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+b\n", "makes `f`, which exists"),
        ("diff --git a/f b/f\nindex 1..2\nGIT binary patch\n", "binary patches are not supported"),
    ],
)
def test_bad_patches_say_what_is_wrong(patch: str, message: str) -> None:
    with pytest.raises(BadPatch, match=message):
        patched({"f": "one\ntwo\nthree\n"}, patch)


def test_a_wrong_strip_is_pointed_out() -> None:
    with pytest.raises(BadPatch) as caught:
        patched({"f": "one\ntwo\nthree\n"}, CHANGE, strip=0)
    assert caught.value.hint is not None and "patch_strip" in caught.value.hint


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=12)


@given(LINES, LINES)
def test_what_diff_makes_is_applied(before: list[str], after: list[str]) -> None:
    patch = "".join(difflib.unified_diff(before, after, "a/f", "b/f"))
    if patch and before:
        assert patched({"f": "".join(before)}, patch) == {"f": "".join(after)}
