"""Writes an in-toto statement with a SLSA provenance of an image, unsigned: signing is the user's.

The request holds `name`, `digest` (a file with the image's digest), `target`, `materials` (resolved dependencies) and
`output`. There is no time in it, so that the same build gives the same bytes.
"""

from __future__ import annotations

import json
from typing import Any

_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://slsa.dev/provenance/v1"


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Write the statement."""
    with open(request["digest"], encoding="ascii") as file:
        algorithm, _, digest = file.read().strip().partition(":")
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": request["name"], "digest": {algorithm: digest}}],
        "predicateType": _PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": "urn:venvship:build:1",
                "externalParameters": {"target": request["target"]},
                "internalParameters": {},
                "resolvedDependencies": list(request["materials"]),
            },
            "runDetails": {"builder": {"id": "urn:venvship"}, "metadata": {}},
        },
    }
    with open(request["output"], "w", encoding="utf-8", newline="\n") as file:
        json.dump(statement, file, indent=1, sort_keys=True)
        file.write("\n")
    return {}
