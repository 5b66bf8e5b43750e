"""Which compressor writes gzip layers: part of every layer's request, because the bytes depend on it."""

from __future__ import annotations

import importlib.util
from typing import Final

GZIP_COMPRESSOR: Final = "isal" if importlib.util.find_spec("isal") is not None else "zlib"
