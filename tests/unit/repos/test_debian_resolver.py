from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from venvship.repos.debian_archive import OfferedPackage, PackageIndex, UnusableArchive
from venvship.repos.debian_relations import MalformedRelation, Relation, parse_clauses
from venvship.repos.debian_resolver import Resolution, resolve


def index(*packages: str) -> PackageIndex:
    """Packages as `NAME VERSION [ARCHITECTURE]; Field: value; ...`."""
    stanzas = []
    for text in packages:
        head, *fields = text.split(";")
        name, version, *architecture = head.split()
        lines = [
            f"Package: {name}",
            f"Version: {version}",
            f"Architecture: {architecture[0] if architecture else 'amd64'}",
            f"Filename: pool/{name}.deb",
            "Size: 1",
            f"SHA256: {'0' * 64}",
            *(field.strip() for field in fields),
        ]
        stanzas.append("\n".join(lines))
    return PackageIndex("file:///mirror/", "\n\n".join(stanzas))


def resolved(
    wanted: str,
    offers: PackageIndex,
    *,
    architecture: str = "amd64",
    excluded: Collection[str] = (),
    kept: Mapping[str, str] | None = None,
) -> Resolution:
    return resolve(parse_clauses(wanted), offers, architecture=architecture, excluded=excluded, kept=kept)


def chosen(resolution: Resolution) -> str:
    assert (resolution.unmet, resolution.clashes) == ((), ())
    return ", ".join(map(str, resolution.packages))


CASES = {
    "dependencies of dependencies come along": (
        ("a 1; Depends: b", "b 1; Pre-Depends: c", "c 1", "d 1"),
        "a",
        "a 1, b 1, c 1",
    ),
    "packages that depend on each other": (("a 1; Depends: b", "b 1; Depends: a"), "a", "a 1, b 1"),
    "the newest version": (("a 1.9", "a 1.10", "a 1.10~rc1"), "a", "a 1.10"),
    "the newest of the versions that are wanted": (("a 1; Depends: b (<< 2)", "b 1", "b 2"), "a", "a 1, b 1"),
    "a later dependency rules out what was chosen": (
        ("a 1; Depends: c (= 1)", "b 1; Depends: c (<< 2), a", "c 1", "c 2", "d 1; Depends: c"),
        "d, b",
        "a 1, b 1, c 1, d 1",
    ),
    "the first alternative that there is": (("a 1; Depends: x | y | z", "y 1", "z 1"), "a", "a 1, y 1"),
    "an alternative that is there already": (("a 1; Depends: x | y", "x 1", "y 1"), "y, a", "a 1, y 1"),
    "what a package provides": (("a 1; Depends: v", "p 1; Provides: v, w"), "a", "a 1, p 1"),
    "a real package before one that provides": (("a 1; Depends: v", "p 1; Provides: v", "v 1"), "a", "a 1, v 1"),
    "of several providers the first by name": (("q 1; Provides: v", "p 1; Provides: v"), "v", "p 1"),
    "a provided version": (
        ("a 1; Depends: v (>= 2)", "p 1; Provides: v (= 1)", "q 1; Provides: v (= 2)"),
        "a",
        "a 1, q 1",
    ),
    "a version of what is provided without one is not known": (
        ("a 1; Depends: v (>= 1) | z", "p 1; Provides: v", "z 1"),
        "a",
        "a 1, z 1",
    ),
    "packages of another architecture": (("a 2 arm64", "a 1", "b 1 all; Depends: a"), "b", "a 1, b 1"),
    "qualifiers and lists of architectures": (
        ("a 1; Depends: b:any, c [arm64], d [!arm64], e:native, f [linux-any]", "b 1", "d 1", "e 1", "f 1"),
        "a",
        "a 1, b 1, d 1, e 1, f 1",
    ),
    "fields that are folded": (("a 1; Depends: b,\n c", "b 1", "c 1"), "a", "a 1, b 1, c 1"),
    "no conflict with oneself": (("a 1; Provides: v; Conflicts: v", "b 1; Breaks: a (<< 1)"), "a, b", "a 1, b 1"),
    "a new version of what is broken": (("a 1; Breaks: b (<< 2)", "b 1", "b 2"), "a, b", "a 1, b 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_packages_are_chosen(case: str) -> None:
    packages, wanted, expected = CASES[case]
    assert chosen(resolved(wanted, index(*packages))) == expected


def test_what_is_left_out_counts_as_there_without_what_it_depends_on() -> None:
    offers = index(
        "a 1; Depends: debconf (>= 0.5) | debconf-2.0", "debconf 1; Depends: perl", "c 1; Provides: debconf-2.0"
    )
    assert chosen(resolved("a", offers, excluded={"debconf"})) == "a 1"
    # Something that comes before it is taken all the same.
    offers = index("a 1; Depends: libfoo | perl", "libfoo 1", "perl 1")
    assert chosen(resolved("a", offers, excluded={"perl"})) == "a 1, libfoo 1"


def test_a_kept_version_stays_while_it_is_offered_and_nothing_rules_it_out() -> None:
    offers = index(
        "a 1; Depends: b", "a 2; Depends: b", "b 1", "b 2", "c 1; Depends: b (>= 2)", "d 1; Breaks: b (<< 2)"
    )
    kept = {"a": "1", "b": "1", "c": "0"}
    assert chosen(resolved("a", offers, kept=kept)) == "a 1, b 1"
    assert chosen(resolved("a, c", offers, kept=kept)) == "a 1, b 2, c 1"
    assert chosen(resolved("a, d", offers, kept=kept)) == "a 1, b 2, d 1"


def test_what_nothing_meets_is_named_with_the_chain_and_all_at_once() -> None:
    found = resolved("a, z", index("a 1; Depends: b", "b 2; Depends: c (>= 3), nothing", "c 2"))
    assert [str(one) for one in found.unmet if one.chain] == [
        "a 1 -> b 2 needs c (>= 3); there is c 2",
        "a 1 -> b 2 needs nothing",
    ]
    assert [one.clause for one in found.unmet if not one.chain] == [(Relation("z"),)]


@pytest.mark.parametrize("field", ["Conflicts", "Breaks"])
def test_packages_that_do_not_go_together_are_named_with_both_chains(field: str) -> None:
    found = resolved(
        "a, c", index("a 1; Depends: b", f"b 1; {field}: v (<< 3)", "c 1; Depends: d", "d 2; Provides: v (= 2)")
    )
    assert [str(clash) for clash in found.clashes] == ["a 1 -> b 1 does not go together with v (<< 3): c 1 -> d 2"]


def test_versions_that_rule_each_other_out_end_in_an_error() -> None:
    versions = [f"b {number}; Depends: c (= {number})" for number in range(1, 30)]
    offers = index("a 1; Depends: b, c (= 99)", *versions, *(f"c {number}" for number in range(1, 30)))
    assert [str(one) for one in resolved("a", offers).unmet] != []


def test_a_very_long_chain_is_followed() -> None:
    packages = [f"p{number} 1; Depends: p{number + 1}" for number in range(5000)]
    assert len(resolved("p0", index(*packages, "p5000 1")).packages) == 5001


@pytest.mark.parametrize(
    "text",
    [
        "b (", "b (>= )", "b (~> 1)", "(>= 1)", "b c", "B", "../b", "b (>= 1) junk", "b [", "b:", "b (= 1; 2)",
        "b | | c", "b (= " + "9" * 5000 + ")", "|", "\x00", "b" + " (= 1)" * 2, "a" * (300 << 10),
    ],
)  # fmt: skip
def test_a_field_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(MalformedRelation):
        parse_clauses(text)
    stanza = f"Package: a\nVersion: 1\nFilename: a\nSize: 1\nSHA256: {'0' * 64}\nDepends: {text}"
    if "\n" not in text and text.isprintable():
        with pytest.raises(UnusableArchive, match="has a malformed entry for a: "):
            PackageIndex("file:///mirror/", stanza).named("a")


@pytest.mark.parametrize("version", ["", "1 2", "1_2", "9" * 5000, "١", "a/b", "-o\x1b"])
def test_a_version_that_makes_no_sense_is_refused(version: str) -> None:
    with pytest.raises(UnusableArchive, match="has a malformed entry for a"):
        PackageIndex("file:///m/", f"Package: a\nVersion: {version}\nFilename: a\nSize: 1\nSHA256: {'0' * 64}").named(
            "a"
        )


def test_what_is_not_asked_for_may_be_malformed() -> None:
    offers = PackageIndex("file:///m/", "Package: a\nDepends: (((\n\nnonsense\n\n\n\nPackage: b\nProvides: a-b\n")
    assert offers.named("x") == []
    assert offers.providing("y") == []


def test_relations_are_written_as_they_are_read() -> None:
    for text in ("a", "a:any", "a (>= 1:2-3)", "a:any (<< 2~)"):
        assert str(Relation.parse(text)) == text
    assert Relation.parse("a (> 1)") == Relation.parse("a (>= 1)")
    assert Relation.parse("a(=1)") == Relation.parse("a (= 1)")


def test_a_package_answers_to_its_name_and_to_what_it_provides() -> None:
    [package] = index("a 1.0-1; Provides: v (= 2), w").named("a")
    assert isinstance(package, OfferedPackage)
    answered = [text for text in ("a", "a (= 1.0-1)", "a (>> 1.0-1)", "v (>= 2)", "v (>> 2)", "w", "w (= 1)", "x")
                if package.answers(Relation.parse(text))]  # fmt: skip
    assert answered == ["a", "a (= 1.0-1)", "v (>= 2)", "w"]
