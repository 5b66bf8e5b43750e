from __future__ import annotations

import json
import re

from venvship.images.sbom import SbomComponent, cyclonedx, materials, spdx

SIX = SbomComponent("pypi", "six", "1.17", "a" * 64)
LIBC = SbomComponent("deb", "debian/libc6", "2.36-9+deb12u7")


def test_components_are_listed_once_and_in_order() -> None:
    document = json.loads(cyclonedx("//app:app", [SIX, LIBC, SIX]))
    purls = [row["purl"] for row in document["components"]]
    assert purls == ["pkg:deb/debian/libc6@2.36-9%2Bdeb12u7", "pkg:pypi/six@1.17"]
    assert document["components"][1]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert document["dependencies"][0]["dependsOn"] == purls


def test_the_order_of_components_changes_no_byte_and_their_hashes_do() -> None:
    for write in (cyclonedx, spdx):
        assert write("x", [SIX, LIBC]) == write("x", [LIBC, SIX])
        assert write("x", [SIX]) != write("x", [SbomComponent("pypi", "six", "1.17", "b" * 64)])


def test_every_package_of_an_spdx_document_is_needed_by_the_program() -> None:
    document = json.loads(spdx("//app:app", [SIX, LIBC]))
    identifiers = {row["SPDXID"] for row in document["packages"]}
    related = {row["relatedSpdxElement"] for row in document["relationships"]}
    assert identifiers == related and len(identifiers) == 3
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", identifier) for identifier in identifiers)
    assert {"SPDXRef-0-debian-libc6", "SPDXRef-1-six"} < identifiers


def test_an_spdx_document_has_the_checksums_that_are_known() -> None:
    _, libc, six = json.loads(spdx("//app:app", [SIX, LIBC]))["packages"]
    assert six["checksums"] == [{"algorithm": "SHA256", "checksumValue": "a" * 64}]
    assert "checksums" not in libc


def test_materials_have_the_digests_that_are_known() -> None:
    assert materials([LIBC, SIX])[1] == {"uri": "pkg:pypi/six@1.17", "digest": {"sha256": "a" * 64}}
    assert "digest" not in materials([LIBC])[0]
