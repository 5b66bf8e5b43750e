from __future__ import annotations

import hashlib
import subprocess
import sys

from venvship.host.short_hash import short_sha256


def test_a_digest_is_the_one_of_hashlib() -> None:
    for data in (b"", b"text", bytes(range(256)) * 5):
        assert short_sha256(data) == hashlib.sha256(data).hexdigest()


def test_hashlib_is_not_loaded_for_it() -> None:
    code = "import sys, venvship.host.short_hash as s; s.short_sha256(b''); print('hashlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
