"""Workspaces whose hub is filled by a lock of wheels and source archives that a test makes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping

from fake_index import FakeIndex
from real_workspace import ORIGIN
from wheel_building import wheel_bytes

USE_HUB = """
uv = use_extension("@aspect_rules_py//uv:extensions.bzl", "uv")
uv.declare_hub(hub_name = "pypi")
uv.project(hub_name = "pypi", lock = "//:uv.lock", pyproject = "//:pyproject.toml")
use_repo(uv, "pypi")
"""
INDEX = f"--index_override={ORIGIN}=@default"
BACKEND = """
import base64, hashlib, os, zipfile

NAME = {name!r}
FAIL = {fail!r}


def get_requires_for_build_wheel(settings):
    return []


def build_wheel(directory, settings, metadata):
    if FAIL:
        print("building", NAME)
        raise ModuleNotFoundError("No module named 'cython'")
    assert os.environ["SOURCE_DATE_EPOCH"]
    try:
        import urllib.request
        urllib.request.urlopen("http://127.0.0.1:%d" % {port}, timeout=600)
        network = "open"
    except OSError:
        network = "closed"
    told = os.environ.get("SETUPTOOLS_SCM_PRETEND_VERSION", "")
    text = open("module.py").read() + "\\nNETWORK, TOLD = %r, %r\\n" % (network, told)
    info = NAME + "-1.0.dist-info"
    files = {{
        NAME + ".py": text,
        info + "/METADATA": "Metadata-Version: 2.1\\nName: %s\\nVersion: 1.0\\n" % NAME,
        info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    rows = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b"=").decode()
        rows.append("%s,sha256=%s,%d" % (path, digest, len(content.encode())))
    files[info + "/RECORD"] = "\\n".join([*rows, info + "/RECORD,,", ""])
    name = NAME + "-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content)
    return name
"""
PYPROJECT = '[build-system]\nrequires = [{requires}]\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def source_tree(name: str, index: FakeIndex, *, fail: bool = False, requires: str = "") -> dict[str, str]:
    """A source with a build backend of its own."""
    port = int(index.url.rpartition(":")[2])
    return {
        "pyproject.toml": PYPROJECT.format(requires=requires),
        "backend.py": BACKEND.format(name=name, fail=fail, port=port),
        "module.py": "SAYS = 'before'\n",
    }


def sdist(
    name: str,
    index: FakeIndex,
    *,
    fail: bool = False,
    requires: str = "",
    first: str = "",
    renamed: bool = False,
    needs: Iterable[str] = (),
) -> bytes:
    """A source archive; `first` is what its backend does before all else, which may call `make_wheel` if `renamed`.

    `needs` are the requirements of its metadata.
    """
    files = source_tree(name, index, fail=fail, requires=requires)
    if needs:
        lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {one}" for one in needs)]
        files["PKG-INFO"] = "\n".join([*lines, ""])
    made = files["backend.py"].replace("def build_wheel", "def make_wheel") if renamed else files["backend.py"]
    files["backend.py"] = first + made
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(f"{name}-1.0/{path}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def lock(index: FakeIndex, files: Mapping[str, bytes], *, groups: str = "", needs: Mapping[str, str] = {}) -> str:
    """A uv.lock of one project that needs everything; `files` are wheels and source archives by file name."""
    names = sorted({filename.partition("-")[0] for filename in files})
    grouped = [name for name in names if f'"{name}"' in groups]
    lines = [
        'version = 1\nrequires-python = ">=3.9"\n',
        '[[package]]\nname = "shop"\nversion = "0"\nsource = { virtual = "." }',
        "dependencies = [" + ", ".join(f'{{ name = "{name}" }}' for name in names if name not in grouped) + "]",
        groups,
    ]
    for filename, content in files.items():
        name = filename.partition("-")[0]
        sha256 = index.add(name.replace("_", "-"), filename, content)
        entry = f'{{ url = "{ORIGIN}/{name}/{filename}", hash = "sha256:{sha256}" }}'
        lines += ["", "[[package]]", f'name = "{name}"', 'version = "1.0"', f'source = {{ registry = "{ORIGIN}" }}']
        lines.append(f"wheels = [{entry}]" if filename.endswith(".whl") else f"sdist = {entry}")
        if name in needs:
            lines.append(f'dependencies = [{{ name = "{needs[name]}" }}]')
    return "\n".join(lines) + "\n"


def wheel(name: str, text: str, **scripts: str) -> dict[str, bytes]:
    files = {f"{name}/__init__.py": text, f"{name}/words.txt": "words\n"}
    return {f"{name}-1.0-py3-none-any.whl": wheel_bytes(name, "1.0", files, console_scripts=scripts)}


def member_lock(*packages: str) -> str:
    """A uv.lock of these tables."""
    return "\n".join(["version = 1", 'requires-python = ">=3.9"', *packages]) + "\n"
