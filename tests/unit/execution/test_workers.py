from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from venvship.execution.workers import ToolFailed, ToolInterrupted, WorkerPool
from venvship.host.processes import Children
from venvship.tools import worker

TOOLS = {
    "variables": """
import os
def run(request):
    return {**os.environ, "pid": os.getpid()}
""",
    "greet": """
import os, sys
def run(request):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    return {"greeting": "hello " + request["name"], "pid": os.getpid(), "read": sys.stdin.read()}
""",
    "sibling": """
from venvship.tools.greet import run as greet
def run(request):
    return {"same": greet({"name": "you"})["greeting"]}
""",
    "user_mistake": """
class Mistake(Exception):
    user_error = True
def run(request):
    raise Mistake("`a.whl` is no wheel")
""",
    "bug": """
def run(request):
    print("before")
    return {}["missing"]
""",
    "exits": """
import sys
def run(request):
    sys.exit(3)
""",
    "dies": """
import os, sys
def run(request):
    print("last words", flush=True)
    os._exit(9)
""",
    "sleeps": """
import time
def run(request):
    open(request["flag"], "w").close()
    time.sleep(1000)
""",
    "no_json": """
def run(request):
    return {"value": object()}
""",
    "silent": """
def run(request):
    return None
""",
    "imports": """
import sys
def run(request):
    found = []
    for name in ("packaging", "venvship.errors", "pip", "lent"):
        try:
            __import__(name)
            found.append(name)
        except ImportError:
            pass
    return {"found": found, "path": sys.path, "flags": [sys.flags.isolated, sys.flags.no_site]}
""",
}


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    directory = tmp_path / "venvship" / "tools"
    directory.mkdir(parents=True)
    (directory / "worker.py").write_bytes(Path(worker.__file__).read_bytes())
    for name, source in TOOLS.items():
        (directory / f"{name}.py").write_text(source)
    (tmp_path / "lent").mkdir()
    (tmp_path / "lent" / "__init__.py").touch()
    return directory


@pytest.fixture
def pool(tools: Path, tmp_path: Path) -> Iterator[WorkerPool]:
    packages = {"lent": tmp_path / "lent"}
    with WorkerPool(Children(), tmp_path / "tmp", packages=packages, program=tools / "worker.py") as pool:
        yield pool


def test_a_tool_answers_and_its_prints_are_kept_apart(pool: WorkerPool) -> None:
    done = pool.run("greet", {"name": "world"})
    assert done.result["greeting"] == "hello world"
    assert done.result["read"] == ""
    assert sorted(done.output.splitlines()) == ["to stderr", "to stdout"]


def test_a_worker_stays_warm_and_the_next_log_is_its_own(pool: WorkerPool) -> None:
    first = pool.run("greet", {"name": "a"})
    second = pool.run("greet", {"name": "b"})
    assert first.result["pid"] == second.result["pid"]
    assert len(second.output.splitlines()) == 2


def test_tools_import_each_other_and_nothing_installed(pool: WorkerPool) -> None:
    assert pool.run("sibling", {}).result == {"same": "hello you"}
    done = pool.run("imports", {})
    assert done.result["found"] == ["lent"]
    assert done.result["flags"] == [1, 1]
    assert not any("site-packages" in entry for entry in done.result["path"])


def test_a_package_inside_of_another_is_lent_alone(tools: Path, tmp_path: Path) -> None:
    inner = tmp_path / "space" / "inner"
    inner.mkdir(parents=True)
    (inner / "__init__.py").write_text("from space.inner.part import ANSWER\n")
    (inner / "part.py").write_text("ANSWER = 42\n")
    (tools / "asks.py").write_text("def run(request):\n    import space.inner\n    return {'is': space.inner.ANSWER}\n")
    with WorkerPool(Children(), tmp_path / "tmp", packages={"space.inner": inner}, program=tools / "worker.py") as pool:
        assert pool.run("asks", {}).result == {"is": 42}


@pytest.mark.parametrize("text", ["from lent_of_another.compiled import x\n", "def\n"])
def test_a_package_that_an_interpreter_cannot_load_is_left_out(tools: Path, tmp_path: Path, text: str) -> None:
    package = tmp_path / "lent_of_another"
    package.mkdir()
    (package / "__init__.py").write_text(text)
    (tools / "tries.py").write_text(
        "def run(request):\n    try:\n        import lent_of_another\n"
        "    except ImportError:\n        return {'is': 'absent'}\n"
    )
    with WorkerPool(
        Children(), tmp_path / "tmp", packages={"lent_of_another": package}, program=tools / "worker.py"
    ) as pool:
        assert pool.run("tries", {}).result == {"is": "absent"}


def test_a_mistake_of_the_user_is_told_by_its_message_alone(pool: WorkerPool) -> None:
    with pytest.raises(ToolFailed) as caught:
        pool.run("user_mistake", {})
    assert (caught.value.message, caught.value.trace) == ("`a.whl` is no wheel", "")


def test_a_bug_is_told_with_its_traceback_and_the_worker_survives(pool: WorkerPool) -> None:
    pid = pool.run("greet", {"name": ""}).result["pid"]
    for tool, words in (("bug", "KeyError: 'missing'"), ("exits", "SystemExit: 3"), ("nope", "ModuleNotFoundError")):
        with pytest.raises(ToolFailed) as caught:
            pool.run(tool, {})
        assert words in caught.value.message
        assert "Traceback" in caught.value.trace
    with pytest.raises(ToolFailed, match="not JSON serializable"):
        pool.run("no_json", {})
    assert pool.run("greet", {"name": ""}).result["pid"] == pid


def test_a_tool_that_returns_nothing_returns_an_empty_object(pool: WorkerPool) -> None:
    assert pool.run("silent", {}).result == {}


def test_a_worker_that_dies_is_replaced(pool: WorkerPool) -> None:
    with pytest.raises(ToolFailed, match="ended with code 9") as caught:
        pool.run("dies", {})
    assert caught.value.output == "last words\n"
    assert pool.run("greet", {"name": "x"}).result["greeting"] == "hello x"


def test_only_a_tool_that_asks_for_it_sees_the_environment_of_the_user(tools: Path, tmp_path: Path) -> None:
    lent = {"DOCKER_CONFIG": "/home/user/.docker"}
    with WorkerPool(Children(), tmp_path / "tmp", user_environment=lent, program=tools / "worker.py") as pool:
        before = pool.run("variables", {}).result
        assert pool.run("variables", {}, user_environment=True).result == {**lent, "pid": before["pid"]}
        assert pool.run("variables", {}).result == before and "DOCKER_CONFIG" not in before
        with pytest.raises(ToolFailed):
            pool.run("bug", {}, user_environment=True)
        assert pool.run("variables", {}).result == before


def test_threads_have_workers_of_their_own(pool: WorkerPool) -> None:
    pids: set[int] = set()
    barrier = threading.Barrier(3)

    def ask() -> None:
        barrier.wait()
        for _ in range(5):
            pids.add(pool.run("greet", {"name": "x"}).result["pid"])

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(pids) <= 3


def test_an_interrupt_ends_the_tool_that_runs(tools: Path, tmp_path: Path) -> None:
    children = Children()
    flag = tmp_path / "flag"
    raised: list[BaseException] = []

    def sleep(pool: WorkerPool) -> None:
        try:
            pool.run("sleeps", {"flag": str(flag)})
        except ToolInterrupted as error:
            raised.append(error)

    with WorkerPool(children, tmp_path / "tmp", program=tools / "worker.py") as pool:
        thread = threading.Thread(target=sleep, args=(pool,))
        thread.start()
        while not flag.exists():
            time.sleep(0.01)
        children.kill_all()
        thread.join()
        assert len(raised) == 1
        with pytest.raises(ToolInterrupted):
            pool.run("greet", {"name": "x"})


def test_closing_ends_all_workers_and_removes_their_logs(tools: Path, tmp_path: Path) -> None:
    with WorkerPool(Children(), tmp_path / "tmp", program=tools / "worker.py") as pool:
        pid = pool.run("greet", {"name": "x"}).result["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_worker_that_dies_between_requests_is_replaced(pool: WorkerPool) -> None:
    pid = pool.run("greet", {"name": "x"}).result["pid"]
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert pool.run("greet", {"name": "x"}).result["pid"] != pid
