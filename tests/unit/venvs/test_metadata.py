from __future__ import annotations

import pytest

from venvship.venvs.metadata import UnwritableMetadata, metadata_files
from venvship.venvs.scripts import FirstPartyDistribution


def test_the_directory_is_named_after_the_normalised_distribution() -> None:
    assert sorted(metadata_files(FirstPartyDistribution("Shop.Front-API", "1.0"))) == [
        "shop_front_api-1.0.dist-info/INSTALLER",
        "shop_front_api-1.0.dist-info/METADATA",
        "shop_front_api-1.0.dist-info/WHEEL",
    ]


def test_entry_points_are_written_by_group() -> None:
    member = FirstPartyDistribution("a", "1", (("g", (("x", "m:f"), ("y", "n"))), ("h", (("z", "o:p [e]"),))))
    assert metadata_files(member)["a-1.dist-info/entry_points.txt"] == b"[g]\nx = m:f\ny = n\n\n[h]\nz = o:p [e]\n"


@pytest.mark.parametrize(
    ("member", "what"),
    [
        (FirstPartyDistribution("../evil", "1"), "name"),
        (FirstPartyDistribution("a\nb", "1"), "name"),
        (FirstPartyDistribution("a", "1/../2"), "version"),
        (FirstPartyDistribution("a", "1", (("g", (("x", "m:f\n[h]"),)),)), "entry point"),
    ],
)
def test_what_would_break_the_files_is_refused(member: FirstPartyDistribution, what: str) -> None:
    with pytest.raises(UnwritableMetadata, match=f"can't have the {what}"):
        metadata_files(member)


def test_only_entry_points_that_can_be_called_are_programs() -> None:
    member = FirstPartyDistribution(
        "a", "1", (("console_scripts", (("run", "m.n:o.p [x]"), ("bare", "m"))), ("pytest11", (("plugin", "m:f"),)))
    )
    assert [(script.name, script.module, script.attribute) for script in member.scripts()] == [("run", "m.n", "o.p")]
