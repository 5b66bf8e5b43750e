"""A stamp of which little is not true any more, made true again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from venvship.session.stamp import Inputs, Outputs, Signature, Stamp, grouped, is_below, is_racy, path_in


def renewed(old: Stamp, fresh: Stamp, *, without: Collection[str], unmade: Iterable[str] = (), now: int) -> Stamp:
    """`old`, but of the paths that are in both what `fresh` says, and nothing of what was below some directories.

    Nothing makes the outputs `unmade` any more. At `now` all the rest of `old` was found to be true.
    """
    gone = tuple([f"{directory}/" for directory in without])
    stamp = Stamp()
    stamp.facts = old.facts
    stamp.program = old.program
    stamp.variables = list((dict(old.variables) | dict(fresh.variables)).items())
    stamp.absent = [*dict.fromkeys([*old.absent, *fresh.absent])]
    stamp.kinds = grouped(
        {
            path_in(directory, name): kind
            for directory, names, kinds in (*old.kinds, *fresh.kinds)
            for name, kind in zip(names, kinds, strict=True)
        }
    )
    stamp.real_paths = list((dict(old.real_paths) | dict(fresh.real_paths)).items())
    fresh_names = {directory: frozenset(names) for directory, names, _ in fresh.inputs}
    kept = [_without(group, fresh_names.get(group[0], frozenset()), gone) for group in old.inputs]
    stamp.inputs = [*(group for group in kept if group[1]), *fresh.inputs]
    files, directories = dict(old.racy_files), dict(old.racy_directories)
    # What has not changed for long by now needs no other look than at its times.
    for path, found in _signatures(kept, files.keys() | directories.keys()):
        if is_racy(found, now):
            if path in files:
                stamp.racy_files.append((path, files[path]))
            if path in directories:
                stamp.racy_directories.append((path, directories[path]))
    stamp.racy_files += fresh.racy_files
    stamp.racy_directories += fresh.racy_directories
    dropped: dict[str, set[str]] = {}
    for path in unmade:
        directory, _, name = path.rpartition("/")
        dropped.setdefault(directory, set()).add(name)
    stamp.outputs = _outputs(old.outputs, fresh.outputs, gone, dropped)
    stamp.forests = [forest for forest in old.forests if any(is_below(group[0], (forest,)) for group in stamp.outputs)]
    return stamp


def _without(group: Inputs, names: frozenset[str], gone: tuple[str, ...]) -> Inputs:
    directory, old_names, signatures = group
    if not names and not gone:
        return group
    if gone and f"{directory}/".startswith(gone):
        return (directory, [], [])
    kept = [
        (name, found)
        for name, found in zip(old_names, signatures, strict=True)
        if name not in names and not (gone and f"{path_in(directory, name)}/" in gone)
    ]
    return (directory, [name for name, _ in kept], [found for _, found in kept])


def _signatures(groups: list[Inputs], wanted: Collection[str]) -> Iterator[tuple[str, Signature]]:
    if not wanted:
        return
    for directory, names, signatures in groups:
        for name, found in zip(names, signatures, strict=True):
            path = path_in(directory, name)
            if path in wanted:
                yield path, found


def _outputs(
    old: list[Outputs], fresh: list[Outputs], gone: tuple[str, ...], dropped: Mapping[str, Collection[str]]
) -> list[Outputs]:
    new = {group[0]: group for group in fresh}
    outputs: list[Outputs] = []
    for group in old:
        directory, known, links, names, traces = group
        if gone and f"{directory}/".startswith(gone):
            continue
        other = new.pop(directory, None)
        if other is None and directory not in dropped:
            outputs.append(group)
            continue
        _, known, new_links, new_names, new_traces = (directory, known, [], [], []) if other is None else other
        replaced = {*new_names, *(name for name, _ in new_links), *dropped.get(directory, ())}
        kept = [(name, found) for name, found in zip(names, traces, strict=True) if name not in replaced]
        links = [*((name, text) for name, text in links if name not in replaced), *new_links]
        names = [*(name for name, _ in kept), *new_names]
        if links or names:
            outputs.append((directory, known, links, names, [*(found for _, found in kept), *new_traces]))
    return [*outputs, *new.values()]
