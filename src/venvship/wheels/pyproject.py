"""What a `pyproject.toml` says, read without complaint: whoever makes a lock complains about what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from venvship.wheels.filename import normalise_name


def table(above: Mapping[str, object], name: str) -> Mapping[str, object]:
    """The table of that name, or an empty one."""
    found = above.get(name)
    return found if isinstance(found, Mapping) else {}


def tables(above: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    """The tables in the list of that name."""
    return tables_in(above.get(name))


def tables_in(rows: object) -> list[Mapping[str, object]]:
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def texts(value: object) -> list[str]:
    """The strings of a list."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def uv_table(pyproject: Mapping[str, object]) -> Mapping[str, object]:
    return table(table(pyproject, "tool"), "uv")


def normalised(text: str) -> str:
    """The name in its usual form, or what it is when it is no name."""
    try:
        return normalise_name(text)
    except ValueError:
        return text


def project_name(pyproject: Mapping[str, object]) -> str | None:
    name = table(pyproject, "project").get("name")
    return normalised(name) if isinstance(name, str) else None


def dynamic_fields(pyproject: Mapping[str, object]) -> frozenset[str]:
    """What only the build backend of the project knows."""
    return frozenset(texts(table(pyproject, "project").get("dynamic")))


def requirements(pyproject: Mapping[str, object]) -> dict[str, list[str]]:
    """What a project asks for by extra; the empty one stands for what it always needs."""
    project = table(pyproject, "project")
    found = {"": texts(project.get("dependencies"))}
    for name, rows in table(project, "optional-dependencies").items():
        found[normalised(name)] = texts(rows)
    return found


def groups(pyproject: Mapping[str, object]) -> dict[str, list[tuple[str, str]]] | None:
    """What dependency groups ask for, with what they include; None where an inclusion leads nowhere.

    Beside each requirement stand the versions of Python that it is for, as far as groups say it.
    """
    written = {normalised(name): rows for name, rows in table(pyproject, "dependency-groups").items()}
    pythons: dict[str, str] = {}
    for name, settings in table(uv_table(pyproject), "dependency-groups").items():
        said = settings.get("requires-python") if isinstance(settings, Mapping) else None
        if isinstance(said, str):
            pythons[normalised(name)] = said
    legacy = texts(uv_table(pyproject).get("dev-dependencies"))

    def spelled(name: str, above: tuple[str, ...], python: str) -> Iterator[tuple[str, str]]:
        python = ",".join(filter(None, (python, pythons.get(name))))
        rows = written[name]
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, str):
                yield row, python
            elif isinstance(row, Mapping) and isinstance(row.get("include-group"), str):
                inner = normalised(row["include-group"])
                if inner not in written or inner in above:
                    raise LookupError
                yield from spelled(inner, (*above, inner), python)

    try:
        found = {name: [*spelled(name, (name,), "")] for name in written}
    except LookupError:
        return None
    if legacy:
        found["dev"] = [*found.get("dev", []), *((text, pythons.get("dev", "")) for text in legacy)]
    return found


def included_groups(pyproject: Mapping[str, object], group: str) -> set[str]:
    """The groups that a group includes, at any depth."""
    written = {normalised(name): rows for name, rows in table(pyproject, "dependency-groups").items()}
    found: set[str] = set()
    pending = [group]
    while pending:
        for row in tables_in(written.get(pending.pop())):
            inner = row.get("include-group")
            if isinstance(inner, str) and normalised(inner) not in found:
                found.add(normalised(inner))
                pending.append(normalised(inner))
    return found


def member_patterns(pyproject: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The patterns of directories that are members of the workspace, and of those that are not; None without any."""
    workspace = uv_table(pyproject).get("workspace")
    if not isinstance(workspace, Mapping):
        return None
    return tuple(texts(workspace.get("members"))), tuple(texts(workspace.get("exclude")))


def is_managed(pyproject: Mapping[str, object]) -> bool:
    """Whether uv may have to do with the project."""
    return uv_table(pyproject).get("managed") is not False
