from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from venvship.repos.integrity import Checksum, InvalidChecksum, WrongChecksum, wanted_checksum

DATA = b"data"


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_integrity_texts_check_files(tmp_path: Path, algorithm: str) -> None:
    file = tmp_path / "f"
    file.write_bytes(DATA)
    text = f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, DATA).digest()).decode()}"
    checksum = Checksum.parse(text)
    assert str(checksum) == text
    checksum.check(file, "f")
    file.write_bytes(b"other")
    with pytest.raises(WrongChecksum, match="`f` is not the file that was asked for"):
        checksum.check(file, "f")


def test_the_strongest_of_several_counts() -> None:
    texts = [f"{name}-{base64.b64encode(hashlib.new(name, DATA).digest()).decode()}" for name in ("sha256", "sha512")]
    assert Checksum.parse(" ".join(texts)).algorithm == "sha512"


@pytest.mark.parametrize("text", ["", "sha256", "sha256-", "sha256-AAAA", "md5-1B2M2Y8AsgTpgAmY7PhCfg==", "sha256-*"])
def test_malformed_integrity_is_refused(text: str) -> None:
    with pytest.raises(InvalidChecksum):
        Checksum.parse(text)


def test_a_rule_may_give_either_or_none() -> None:
    assert wanted_checksum("", "") is None
    assert wanted_checksum("A" * 64, "") == Checksum("sha256", b"\xaa" * 32)
    with pytest.raises(InvalidChecksum):
        wanted_checksum("abc", "")
