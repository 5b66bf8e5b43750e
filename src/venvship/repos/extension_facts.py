"""Facts of module extensions: what one run tells the next, whatever else has changed.

An extension keeps what is true for ever, such as hashes of files that nobody may change, to not ask for it again. Facts
are JSON; they may come from another version of the extension.
"""

from __future__ import annotations

import json

from venvship.starlark.conversion import from_host, to_host
from venvship.starlark.errors import EvaluationError
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import Value, type_name
from venvship.starlark.values import DICTS, Dict

_MOST_BYTES = 16 << 20
_DEEPEST = 50


def facts_text(facts: Value) -> str:
    """Facts as they are kept; refuses what JSON can't hold."""
    if facts is None:
        return "{}"
    if type(facts) not in DICTS:
        raise EvaluationError(f"facts must be a dict, not {type_name(facts)}")
    plain = to_host(facts)
    _check(plain, 0)
    text = json.dumps(plain)
    if len(text) > _MOST_BYTES:
        raise EvaluationError(f"facts take {len(text)} bytes, and may take {_MOST_BYTES}")
    return text


def read_facts(text: str | None) -> Dict:
    """Facts as the next run sees them; none when there are no readable ones."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = {}
    facts: Dict = from_host(found if isinstance(found, dict) else {})
    freeze(facts)
    return facts


def _check(value: object, depth: int) -> None:
    if depth > _DEEPEST:
        raise EvaluationError("facts are nested too deeply")
    match value:
        case None | bool() | int() | float() | str():
            return
        case list() | tuple():
            for element in value:
                _check(element, depth + 1)
        case dict():
            for key, element in value.items():
                if not isinstance(key, str):
                    raise EvaluationError(f"facts are dicts from strings, and one has the key {key!r}")
                _check(element, depth + 1)
        case _:
            raise EvaluationError(f"facts can't hold a {type_name(value)}")
