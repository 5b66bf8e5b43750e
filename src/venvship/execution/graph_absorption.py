"""A kept action graph takes in one of a part that was looked at again."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from typing import Any

from venvship.dataclass import dataclass
from venvship.execution.graph_columns import (
    ACTION,
    DEPSET,
    PROGRAM,
    TEST,
    WAYS,
    Columns,
    Record,
)
from venvship.execution.outputs import is_file
from venvship.execution.unresumable import Unresumable


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A graph that took another one in.

    `numbers` are those that the artifacts of the other one have now. `changed` are artifacts that hold something else
    than before: what reads them in the one may not have been looked at in the other.
    """

    record: Record
    numbers: Sequence[int]
    changed: Sequence[int]


def absorbed(old: Record, new: Record, *, is_dropped: Callable[[tuple[str, str, str]], bool]) -> Absorbed:
    """`old` with what is in `new`, and without the actions and tests of some owners; raises Unresumable.

    An owner is repository, package and name. What both have holds what `new` says.
    """
    return _Absorption(old).absorb(new, is_dropped)


class _Absorption(Columns):
    def __init__(self, old: Record) -> None:
        super().__init__(old)
        self._root_numbers = {root: number for number, root in enumerate(self._roots)}
        self._owner_numbers = {names: number for number, names in enumerate(self._owners)}
        self._numbers = {(root, path): number for number, (root, path, _, _) in enumerate(self._rows)}
        self._moved_owners: list[int] = []
        self._moved: list[int] = []
        self._changed: list[int] = []
        self._dropped: set[int] = set()
        self._first_depset = len(self._depset_rows)

    def absorb(self, new: Record, is_dropped: Callable[[tuple[str, str, str]], bool]) -> Absorbed:
        self._dropped = {number for number, names in enumerate(self._owners) if is_dropped(names)}
        self._drop(self._dropped)
        roots, owners, rows, texts, readers, depset_rows, depset_readers, *rest = new
        actions, keys, outputs, _, tests, programs = rest
        moved_roots = [self._added(self._roots, self._root_numbers, root) for root in roots]
        self._moved_owners = [self._added(self._owners, self._owner_numbers, names) for names in owners]
        for (root, path, owner, kind), text in zip(rows, texts, strict=True):
            self._add_artifact((moved_roots[root], path, self._moved_owners[owner], kind), text)
        for order, direct, transitive in depset_rows:
            self._depset_rows.append(
                (
                    order,
                    tuple([self._moved[one] for one in direct]),
                    tuple([self._first_depset + one for one in transitive]),
                )
            )
        readers_of_actions = self._add_actions(actions, keys, outputs)
        first_test = len(self._tests)
        self._tests += [self._moved_test(test) for test in tests]
        first_program = len(self._programs)
        self._programs += [self._moved_program_row(program) for program in programs]

        def moved_reader(reader: int) -> int | None:
            number, kind = divmod(reader, WAYS)
            if kind == DEPSET:
                return WAYS * (self._first_depset + number) + DEPSET
            if kind == TEST:
                return WAYS * (first_test + number) + TEST
            if kind == PROGRAM:
                return WAYS * (first_program + number) + PROGRAM
            action = readers_of_actions[number]
            return None if action is None else WAYS * action + ACTION

        for number, old_readers in zip(self._moved, readers, strict=True):
            self._readers[number] += [one for one in map(moved_reader, old_readers) if one is not None]
        for old_readers in depset_readers:
            self._depset_readers.append([one for one in map(moved_reader, old_readers) if one is not None])
        return Absorbed(self._record, self._moved, self._changed)

    def _drop(self, owners: set[int]) -> None:
        for number, outputs in enumerate(self._outputs):
            if outputs and self._rows[outputs[0]][2] in owners:
                self._actions[number] = None
                self._outputs[number] = ()
                for output in outputs:
                    self._generated_by.pop(output, None)
        for number, test in enumerate(self._tests):
            if test is not None and marshal.loads(test)[0] in owners:
                self._tests[number] = None
        for number, program in enumerate(self._programs):
            if program is not None and self._rows[marshal.loads(program[0])[0]][2] in owners:
                self._programs[number] = None

    @staticmethod
    def _added(values: list[Any], numbers: dict[Any, int], value: Any) -> int:
        number = numbers.get(value)
        if number is None:
            number = numbers[value] = len(values)
            values.append(value)
        return number

    def _add_artifact(self, row: tuple[int, str, int, int], text: str) -> None:
        number = self._numbers.get(row[:2])
        if number is None:
            number = self._numbers[row[:2]] = len(self._rows)
            self._rows.append(row)
            self._texts.append(text)
            self._readers.append([])
        else:
            if self._texts[number] != text:
                if not self._may_change(number, text):
                    raise Unresumable(row[1])
                self._changed.append(number)
            self._rows[number] = row
            self._texts[number] = text
        self._moved.append(number)

    def _may_change(self, number: int, text: str) -> bool:
        """Whether no runfiles tree that was not laid out anew can hold what an artifact was.

        Trees hold the texts of links, and where outputs are that are directories.
        """
        root, _, owner, _ = self._rows[number]
        old = self._texts[number]
        if is_file(old) and is_file(text):
            return True
        return (self._roots[root][2] and old[:2] == text[:2]) or owner in self._dropped

    def _add_actions(
        self, actions: Sequence[bytes | None], keys: Sequence[str], outputs: Sequence[tuple[int, ...]]
    ) -> list[int | None]:
        """The new number of each action; None for those that are known and do what they did.

        What an aspect does to a target belongs to the target, and may be something else though the target is the same.
        """
        numbers: list[int | None] = []
        for packed, key, made in zip(actions, keys, outputs, strict=True):
            moved = tuple([self._moved[one] for one in made])
            known = self._generated_by.get(moved[0])
            if any(self._generated_by.get(one) != known for one in moved):
                raise Unresumable(self._rows[moved[0]][1])
            if known is not None and self._outputs[known] != moved:
                raise Unresumable(self._rows[moved[0]][1])
            if known is not None:
                if self._keys[known] == key:
                    numbers.append(None)
                    continue
                self._keys[known] = key
                self._actions[known] = self._moved_bytes(packed)
                numbers.append(known)
                continue
            number = len(self._actions)
            numbers.append(number)
            self._actions.append(self._moved_bytes(packed))
            self._keys.append(key)
            self._outputs.append(moved)
            self._generated_by.update(dict.fromkeys(moved, number))
        return numbers

    def _moved_bytes(self, packed: bytes | None) -> bytes | None:
        return None if packed is None else marshal.dumps(self._moved_action(marshal.loads(packed)))

    def _moved_action(self, packed: Record) -> Record:
        kind, owner, *rest = packed
        owner = self._moved_owners[owner]
        match kind, rest:
            case "link", [target, executable, mnemonic]:
                return (kind, owner, self._moved[target], executable, mnemonic)
            case "tool", [inputs, interpreter, request, plain]:
                moved = None if interpreter is None else self._moved[interpreter]
                return (kind, owner, self._first_depset + inputs, moved, self._moved_request(request), plain)
            case "spawn", [inputs, programs, plain]:
                moved_programs = tuple([self._moved_program(program) for program in programs])
                return (kind, owner, self._first_depset + inputs, moved_programs, plain)
            case _:
                raise Unresumable(str(kind))

    def _moved_program(self, packed: Record) -> Record:
        executable, files, symlinks, root_symlinks, empty_filenames = packed
        return (
            self._moved[executable],
            self._first_depset + files,
            tuple([(path, self._moved[target]) for path, target in symlinks]),
            tuple([(path, self._moved[target]) for path, target in root_symlinks]),
            empty_filenames,
        )

    def _moved_request(self, value: Any) -> Any:
        match value:
            case ("artifact", number):
                return ("artifact", self._moved[number])
            case ("mapping", items):
                return ("mapping", tuple([(key, self._moved_request(element)) for key, element in items]))
            case ("tuple", elements):
                return ("tuple", tuple([self._moved_request(element) for element in elements]))
            case _:
                return value

    def _moved_program_row(self, row: tuple[bytes, bool]) -> tuple[bytes, bool]:
        return (marshal.dumps(self._moved_program(marshal.loads(row[0]))), row[1])

    def _moved_test(self, test: bytes) -> bytes:
        label, configuration, program, *rest = marshal.loads(test)
        return marshal.dumps((self._moved_owners[label], configuration, self._moved_program(program), *rest))
