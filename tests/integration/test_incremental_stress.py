"""Random changes of a workspace: every incremental build is what a clean one is."""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest
from fake_index import FakeIndex
from real_workspace import locked

ROOT = Path(__file__).parents[2]


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


stress = _load(ROOT / "tools" / "stress_incremental.py")


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "rounds"), [(1, 20), (2, 20), (3, 20)])
def test_incremental_builds_are_what_clean_ones_are(tmp_path: Path, index: FakeIndex, seed: int, rounds: int) -> None:
    locks = tuple(locked(index, ("six", six), ("attrs", "1.0"), salt="rounds") for six in ("1.0", "1.1"))
    environment = {
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": index.simple_url,
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
    }
    run = stress.Stress(tmp_path / "stress", random.Random(seed), environment, locks=locks if seed == 1 else ())
    run.make()
    for _ in range(rounds):
        run.round()
