from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from venvship.images.tiers import MOST_OWN_LAYERS, GroupKeys, TierWheel, plan_tiers

SIZES = st.integers(min_value=0, max_value=1 << 30)
WHEELS = st.lists(
    st.builds(TierWheel, st.sampled_from([f"@pypi//d{n}" for n in range(200)]), st.sampled_from(["0.1", "2.0"]), SIZES),
    unique_by=lambda wheel: wheel.key,
    max_size=150,
)


@given(WHEELS)
def test_every_wheel_is_in_one_layer_and_there_are_never_too_many(wheels: list[TierWheel]) -> None:
    tiers = plan_tiers(wheels, GroupKeys())
    held = [part.wheel for tier in tiers for part in tier.parts]
    assert sorted(held, key=lambda wheel: wheel.key) == sorted(wheels, key=lambda wheel: wheel.key)
    assert len(tiers) <= MOST_OWN_LAYERS + 3
    assert all(tier.reason for tier in tiers)


def test_the_largest_wheels_get_the_layers_that_there_are() -> None:
    wheels = [TierWheel(f"@pypi//d{number}", "1", (10 + number) << 20) for number in range(5)]
    tiers = plan_tiers(wheels, GroupKeys(), most=2)
    assert [tier.name for tier in tiers] == ["@pypi//d3", "@pypi//d4", "medium wheels"]


def test_files_of_a_wheel_go_to_the_first_pattern_that_names_them() -> None:
    torch = TierWheel("@pypi//torch", "2", 1 << 30)
    keys = GroupKeys.of({"@pypi//torch:*cuda*.so": "cuda", "@pypi//torch:*.so": "native", "@pypi//torch": "torch"})
    parts = {tier.name: tier.parts[0] for tier in plan_tiers([torch], keys)}
    assert parts["native"].exclude == ("**/*cuda*.so",)
    assert parts["torch"].exclude == ("**/*cuda*.so", "**/*.so")
