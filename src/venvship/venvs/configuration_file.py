"""`pyvenv.cfg`, which makes an interpreter that finds it one directory up use this venv.

`home` stays without a value where the interpreter lies in the runfiles. CPython resolves a relative one from the
directory it was started in, and an absolute one would tie the venv to a machine. An empty one makes it follow the link
`bin/python` one step, so that the standard library is found beside the interpreter in the same runfiles tree. The key
itself must be there, since without it `python -m venv` from inside would take the venv for the base installation.
(Tried with shared and static builds of 3.11, 3.12 and 3.13.)
"""

from __future__ import annotations

from venvship.model.platform import PythonVersion


def configuration_file(
    python: PythonVersion, prompt: str, include_system_site_packages: bool, *, home: str = ""
) -> bytes:
    lines = [
        f"home = {home}",
        "implementation = CPython",
        f"version_info = {python}",
        f"include-system-site-packages = {str(include_system_site_packages).lower()}",
        "relocatable = true",
        f"prompt = {prompt}",
    ]
    return "".join(f"{line}\n" for line in lines).encode()
