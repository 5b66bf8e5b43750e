"""What a module extension answered, as text that is kept for later commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from venvship.errors import Place
from venvship.loading.attributes import PlainValue
from venvship.loading.repository_rule import RepositoryCall, RepositoryRule
from venvship.model.label import Label, PackageId

FindRule: TypeAlias = Callable[[Label, str], object]
"""The value of a global of a `.bzl` file; None when there is none."""


def encode_calls(calls: Mapping[str, RepositoryCall]) -> str:
    """The repositories that an extension asked for."""
    return json.dumps(
        [
            {
                "name": call.name,
                "file": call.rule.file.canonical if call.rule.file is not None else "",
                "rule": call.rule.name,
                "attributes": {name: _encoded(value) for name, value in call.attributes.items()},
                "place": [call.place.path, call.place.line, call.place.column],
            }
            for call in calls.values()
        ]
    )


def decode_calls(text: str, find_rule: FindRule) -> dict[str, RepositoryCall] | None:
    """The repositories again; None when the text, or what it names, is not what it was."""
    calls: dict[str, RepositoryCall] = {}
    try:
        for one in json.loads(text):
            file = Label.parse(one["file"], relative_to=PackageId("", ""))
            rule = find_rule(file, one["rule"])
            if not isinstance(rule, RepositoryRule) or rule.file != file:
                return None
            attributes = {name: _decoded(value) for name, value in one["attributes"].items()}
            if attributes.keys() != rule.specs.keys():
                return None
            path, line, column = one["place"]
            calls[one["name"]] = RepositoryCall(rule, one["name"], attributes, Place(path, line, column))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return calls


def _encoded(value: object) -> object:
    match value:
        case Label():
            return {"label": value.canonical}
        case tuple():
            return [_encoded(element) for element in value]
        case Mapping():
            return {"dict": [[_encoded(key), _encoded(one)] for key, one in value.items()]}
        case _:
            return value


def _decoded(value: object) -> PlainValue:
    return _value(value)  # type: ignore[return-value]  # what `_encoded` made of a plain value


def _value(value: object) -> object:
    match value:
        case {"label": str(text)}:
            return Label.parse(text, relative_to=PackageId("", ""))
        case {"dict": list(pairs)}:
            return {_value(key): _value(one) for key, one in pairs}
        case list():
            return tuple(_value(element) for element in value)
        case _:
            return value
