"""Where the parts of a program lie in an image.

The places do not depend on the names of targets, so that the layer of a wheel has the same bytes in every image.
"""

from __future__ import annotations

from typing import Final

PROGRAM_IN_IMAGE: Final = "app"
"""The launcher; it finds its runfiles beside itself."""

RUNFILES_IN_IMAGE: Final = "app.runfiles"
