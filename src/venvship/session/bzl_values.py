"""The values of `.bzl` files: what a record says of them, and which packages take other ones than it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from venvship.dataclass import dataclass
from venvship.loading.bzl_loader import BzlKey, BzlModule
from venvship.loading.package import Package
from venvship.loading.package_loader import PackageKey
from venvship.loading.workspace import join_host
from venvship.memo.computation import Memo
from venvship.memo.keys import AnyKey, Key
from venvship.model.label import MAIN_REPOSITORY, Label
from venvship.model.paths import join
from venvship.session.bzl_record import BzlRecord
from venvship.session.value_digests import ValueDigests


@dataclass(frozen=True, slots=True)
class LookAgainKey(Key[tuple[str, ...]]):
    """The look at what changed `.bzl` files concern: it asks for modules, and no target depends on that."""

    paths: tuple[str, ...]


class BzlWriter:
    """Takes in what `BzlRecord` holds."""

    def __init__(self, root: str, digests: ValueDigests) -> None:
        """`root` is the directory of the main repository."""
        self.record = BzlRecord()
        self._root = root
        self._digests = digests

    def add_modules(self, memo: Memo) -> None:
        """All modules of the main repository that were loaded."""
        for key, readers in memo.readers().items():
            if not isinstance(key, BzlKey) or key.label.repository != MAIN_REPOSITORY:
                continue
            module: BzlModule = memo.value_of(key)
            loads = [
                self._path(one.label)
                for one in memo.record_of(key).dependencies
                if isinstance(one, BzlKey) and one.label.repository == MAIN_REPOSITORY
            ]
            path = self._path(key.label)
            self.record.modules[path] = (key.label.package.path, key.label.name, loads, *self._seen(module))
            if memo.was_asked_outside(key) or not all(map(_is_of_main, readers)):
                self.record.elsewhere.append(path)

    def add_package(self, package: Package) -> None:
        self.record.symbols[package.id.path] = {
            self._path(label): names for label, names in package.symbols.items() if label.repository == MAIN_REPOSITORY
        }

    def _seen(self, module: BzlModule) -> tuple[str, dict[str, str | None]]:
        return repr(module.visibility), {name: self._digests.of(value) for name, value in module.exports.items()}

    def _path(self, label: Label) -> str:
        return join_host(self._root, join(label.package.path, label.name))


def packages_concerned(
    record: BzlRecord,
    affected: Iterable[str],
    load: Callable[[Label], BzlModule],
    digests: ValueDigests,
) -> list[str]:
    """The packages that take something from affected modules which is not what it was.

    Raises what is wrong with the modules.
    """
    wanted = frozenset(affected)
    values: dict[str, tuple[bool, Mapping[str, str | None]]] = {}
    packages: list[str] = []
    for package, taken in record.symbols.items():
        for path, names in taken.items():
            if path not in wanted:
                continue
            if path not in values:
                module = load(record.label(path))
                visibility = record.modules[path][3]
                found = {name: digests.of(value) for name, value in module.exports.items()}
                values[path] = (repr(module.visibility) == visibility, found)
            is_same, new = values[path]
            old = record.modules[path][4]
            if not is_same or any(new.get(name) is None or new.get(name) != old.get(name) for name in names):
                packages.append(package)
                break
    return packages


def _is_of_main(reader: AnyKey) -> bool:
    match reader:
        case LookAgainKey():
            return True
        case BzlKey(label):
            return label.repository == MAIN_REPOSITORY
        case PackageKey(package):
            return package.repository == MAIN_REPOSITORY
        case _:
            return False
