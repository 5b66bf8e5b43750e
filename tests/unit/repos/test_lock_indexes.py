"""What is said of the indexes of a lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from venvship.repos.lock_indexes import LockIndexes, of_lock, of_options, substituted

ONE, TWO = "https://one.example/simple", "https://two.example/simple"


@pytest.mark.parametrize(
    ("words", "said", "others"),
    [
        ([f"--index-url={ONE}"], LockIndexes(ONE), ()),
        ([f"-i{ONE}", "--pre"], LockIndexes(ONE), ("--pre",)),
        (["-i", ONE, f"--index-url {TWO}"], LockIndexes(TWO), ()),
        (
            [f"--extra-index-url={ONE}", "--extra-index-url", TWO, "-fwheels", "--trusted-host=one.example"],
            LockIndexes("", (ONE, TWO), ("wheels",), trusted_hosts=("one.example",)),
            (),
        ),
        (["--no-index", "--find-links", "a", "-f", "b"], LockIndexes(links=("a", "b"), without_index=True), ()),
        (["--only-binary=:all:", "--index-url"], LockIndexes(), ("--only-binary=:all:",)),
    ],
)
def test_words_for_pip_name_indexes(words: list[str], said: LockIndexes, others: tuple[str, ...]) -> None:
    assert of_options(words) == (said, others)


def test_files_of_locks_come_from_somewhere_without_passwords() -> None:
    said = LockIndexes("https://me:secret@one.example/simple", (TWO,))
    assert said.origin.startswith("https://one.example/simple#") and "secret" not in said.origin
    assert said.origin == LockIndexes("https://one.example/simple", (TWO,), netrc="n").origin
    assert (
        len({said.origin, LockIndexes(ONE).origin, LockIndexes(TWO).origin, LockIndexes(ONE, (TWO, ONE)).origin}) == 3
    )
    assert LockIndexes(netrc="n", trusted_hosts=("h",)).origin == "" != LockIndexes(without_index=True).origin


def test_an_index_is_not_asked_where_none_may_be() -> None:
    assert LockIndexes(ONE, (TWO, ONE)).indexes == (ONE, TWO)
    assert LockIndexes(ONE, (TWO,), without_index=True).indexes == ()


def test_options_of_requirements_have_variables_and_paths_beside_the_file(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("# pinned\n-i https://${USER}:${lower}@one.example\n--find-links wheels \\\n  --no-index\na==1\n")
    said = of_lock(lock, {"USER": "me", "lower": "no"})
    assert (said.index, said.links) == ("https://me:${lower}@one.example", (str(tmp_path / "wheels"),))
    assert said.without_index
    assert of_lock(tmp_path / "missing.txt", {}) == of_lock(tmp_path / "uv.lock", {}) == LockIndexes()


def test_only_variables_that_are_named_are_replaced() -> None:
    text = "$A ${A} ${B:-other} ${B-other} $C ${C:-other}"
    assert substituted(text, ["A", "B"], {"A": "1", "C": "3"}) == "1 1 other other $C ${C:-other}"
