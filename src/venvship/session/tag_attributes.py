"""The attributes of a tag, read as what they must be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from venvship.dataclass import dataclass
from venvship.errors import UserError, VenvshipError
from venvship.model.label import Label, PackageId
from venvship.model.platform import PythonVersion
from venvship.modules.module_file import Tag
from venvship.modules.module_graph import ModuleGraph

T = TypeVar("T")


class MistakenTag(UserError):
    """A tag of an extension is unknown, or has wrong attributes."""


@dataclass(frozen=True, slots=True)
class TagAttributes:
    """The attributes of a tag, read as what they must be; everything else is added to the problems."""

    tag: Tag
    graph: ModuleGraph
    module: str
    problems: list[VenvshipError]

    def refuse(self, message: str, *, hint: str | None = None) -> None:
        self.problems.append(MistakenTag(message, place=self.tag.place, hint=hint))

    def text(self, name: str) -> str:
        value = self.tag.arguments.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.refuse(f"`{name}` of tag `{self.tag.name}` is not a text")
        return ""

    def required(self, name: str) -> str:
        value = self.tag.arguments.get(name)
        if isinstance(value, str) and value:
            return value
        self.refuse(f"tag `{self.tag.name}` needs a text for `{name}`")
        return ""

    def number(self, name: str) -> int:
        value = self.tag.arguments.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value or 0
        self.refuse(f"`{name}` of tag `{self.tag.name}` is not a number")
        return 0

    def flag(self, name: str) -> bool:
        value = self.tag.arguments.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.refuse(f"`{name}` of tag `{self.tag.name}` is neither True nor False")
        return False

    def texts(self, name: str) -> tuple[str, ...]:
        return self._all(name, lambda text: text)

    def labels(self, name: str) -> tuple[Label, ...]:
        return self._all(name, self.parsed)

    def pairs(self, name: str) -> Mapping[str, str]:
        value = self.tag.arguments.get(name)
        if value is None:
            return {}
        if isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair):
            return dict(value)
        self.refuse(f"`{name}` of tag `{self.tag.name}` is not a dict of texts")
        return {}

    def lists(self, name: str) -> Mapping[str, tuple[str, ...]]:
        value = self.tag.arguments.get(name)
        if value is None:
            return {}
        if isinstance(value, Mapping) and all(
            isinstance(key, str)
            and isinstance(texts, list | tuple)
            and texts
            and all(isinstance(text, str) for text in texts)
            for key, texts in value.items()
        ):
            return {key: tuple(texts) for key, texts in value.items()}
        self.refuse(f"`{name}` of tag `{self.tag.name}` is not a dict of lists of texts")
        return {}

    def label(self, name: str) -> Label | None:
        text = self.text(name)
        return self.parsed(text) if text else None

    def parsed(self, text: str) -> Label | None:
        try:
            mapping = self.graph.mapping_of(self.module)
            return Label.parse(text, relative_to=PackageId(self.module, ""), repository_mapping=mapping)
        except VenvshipError as error:
            error.place = self.tag.place
            self.problems.append(error)
            return None

    def version(self) -> PythonVersion | None:
        return self.parsed_version(self.required("python_version"))

    def parsed_version(self, text: str) -> PythonVersion | None:
        try:
            return PythonVersion.parse(text) if text else None
        except ValueError as error:
            self.refuse(str(error), hint="write a version like `3.12`")
            return None

    def _all(self, name: str, read: Callable[[str], T | None]) -> tuple[T, ...]:
        value = self.tag.arguments.get(name)
        items: Iterable[object] = value if isinstance(value, tuple | list) else ()
        if (value is not None and not isinstance(value, tuple | list)) or not all(isinstance(i, str) for i in items):
            self.refuse(f"`{name}` of tag `{self.tag.name}` is not a list of texts")
            return ()
        return tuple(found for item in items if (found := read(str(item))) is not None)
