"""The environment that a test finds: the contract of Bazel's "test encyclopedia"."""

from __future__ import annotations

from venvship.dataclass import dataclass
from venvship.execution.test_request import TestPart, TestRequest
from venvship.model.label import MAIN_RUNFILES_DIRECTORY

# The documented fixed list.
_PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:."


@dataclass(frozen=True, slots=True)
class TestPlaces:
    """The paths of the host that one attempt of a test uses.

    `short_temporary` is what the test calls `temporary` where the names of sockets have to fit: those of Python's
    multiprocessing do not, below the place of our own.
    """

    runfiles: str
    temporary: str
    outputs: str
    short_temporary: str

    @property
    def xml(self) -> str:
        return f"{self.outputs}/test.xml"

    @property
    def undeclared(self) -> str:
        return f"{self.outputs}/test.outputs"

    @property
    def annotations(self) -> str:
        return f"{self.outputs}/test.annotations"

    @property
    def premature_exit(self) -> str:
        return f"{self.outputs}/test.exited_prematurely"

    @property
    def shard_status(self) -> str:
        return f"{self.outputs}/test.shard"

    @property
    def coverage(self) -> str:
        return f"{self.outputs}/coverage"

    @property
    def coverage_report(self) -> str:
        return f"{self.outputs}/coverage.dat"


def test_environment(request: TestRequest, part: TestPart, places: TestPlaces, *, user: str) -> dict[str, str]:
    """All variables of one attempt; locale variables are unset because nothing is inherited."""
    workspace = f"{places.runfiles}/{MAIN_RUNFILES_DIRECTORY}"
    environment = {
        "BAZEL_TEST": "1",
        "HOME": places.temporary,
        "JAVA_RUNFILES": places.runfiles,
        "LOGNAME": user,
        "PATH": _PATH,
        "PWD": workspace,
        "PYTHON_RUNFILES": places.runfiles,
        "RUNFILES_DIR": places.runfiles,
        "RUN_UNDER_RUNFILES": "1",
        "SHLVL": "2",
        "TEST_BINARY": request.program.executable.short_path,
        "TEST_INFRASTRUCTURE_FAILURE_FILE": f"{places.outputs}/test.infrastructure_failure",
        "TEST_LOGSPLITTER_OUTPUT_FILE": f"{places.outputs}/test.raw_splitlogs",
        "TEST_PREMATURE_EXIT_FILE": places.premature_exit,
        "TEST_SIZE": request.size,
        "TEST_SRCDIR": places.runfiles,
        "TEST_TARGET": str(request.label),
        "TEST_TIMEOUT": str(int(request.timeout_seconds)),
        "TEST_TMPDIR": places.temporary,
        "TMPDIR": places.short_temporary,
        "TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR": places.annotations,
        "TEST_UNDECLARED_OUTPUTS_DIR": places.undeclared,
        "TEST_UNUSED_RUNFILES_LOG_FILE": f"{places.outputs}/test.unused_runfiles_log",
        "TEST_WARNINGS_OUTPUT_FILE": f"{places.outputs}/test.warnings",
        "TEST_WORKSPACE": MAIN_RUNFILES_DIRECTORY,
        "GTEST_TMP_DIR": places.temporary,
        "TZ": "UTC",
        "USER": user,
        "XML_OUTPUT_FILE": places.xml,
    }
    if request.shards > 1:
        total, index = str(request.shards), str(part.shard)
        environment |= {
            "GTEST_SHARD_INDEX": index,
            "GTEST_TOTAL_SHARDS": total,
            "TEST_SHARD_INDEX": index,
            "TEST_SHARD_STATUS_FILE": places.shard_status,
            "TEST_TOTAL_SHARDS": total,
        }
    if request.runs > 1:
        number = str(part.run + 1)
        environment |= {"TEST_RANDOM_SEED": number, "TEST_RUN_NUMBER": number}
    if request.test_filter is not None:
        environment["TESTBRIDGE_TEST_ONLY"] = request.test_filter
    if request.fail_fast:
        environment["TESTBRIDGE_TEST_RUNNER_FAIL_FAST"] = "1"
    if request.coverage is not None:
        environment |= {
            "COVERAGE": "1",
            "COVERAGE_DIR": places.coverage,
            "COVERAGE_MANIFEST": f"{places.coverage}/manifest",
            "COVERAGE_OUTPUT_FILE": places.coverage_report,
            "ROOT": workspace,
        }
    return environment | dict(request.environment)
