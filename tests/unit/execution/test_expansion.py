from __future__ import annotations

from dataclasses import dataclass

from build_bench import PACKAGE, Bench

from venvship.model.action import ExpandedCommand, FilesIn, Spawn, WriteFile
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.label import Label
from venvship.model.paths import ExecPath, join

OWNER = Label(PACKAGE, "t")


@dataclass(frozen=True)
class Listing:
    """Names the files of directories, one a line."""

    directories: Depset[Artifact]

    def expand(self, files_in: FilesIn) -> bytes:
        return "".join(
            f"{join(directory.exec_path, path)}\n"
            for directory in self.directories.to_tuple()
            for path in files_in(directory)
        ).encode()


@dataclass(frozen=True)
class Copying:
    """Copies a parameter file that names the files of a directory."""

    directory: Artifact
    output: Artifact

    def expand(self, files_in: FilesIn) -> ExpandedCommand:
        parameters = ExecPath(f"{self.output.exec_path}-0.params")
        content = " ".join(files_in(self.directory)).encode()
        return ExpandedCommand(("/bin/cp", parameters, self.output.exec_path), ((parameters, content),))


def tree(bench: Bench, *names: str) -> Artifact:
    output = bench.output("pkg/tree", ArtifactKind.DIRECTORY)
    command = ";".join(f"mkdir -p $(dirname {output.exec_path}/{n}); echo > {output.exec_path}/{n}" for n in names)
    return bench.shell(f"{command}; mkdir {output.exec_path}/empty", outputs=(output,))


def test_a_written_file_names_the_files_of_directories_that_were_made(bench: Bench) -> None:
    bench.write("data/x", "")
    directories = Depset([tree(bench, "b", "a/c"), bench.source("data")])
    listing = bench.add(WriteFile(OWNER, bench.output("pkg/list"), Listing(directories)))
    bench.build(listing).raise_failures()
    base = "venvship-out/cfg/bin/pkg/tree"
    assert bench.read(listing).split() == [f"{base}/a/c", f"{base}/b", "data/x"]
    assert bench.build(listing).up_to_date == 2
    bench.write("data/y", "")
    tree(bench, "b")
    bench.build(listing).raise_failures()
    assert bench.read(listing).split() == [f"{base}/b", "data/x", "data/y"]


def test_arguments_and_parameter_files_name_the_files_of_directories(bench: Bench) -> None:
    directory = tree(bench, "b", "a")
    output = bench.output("pkg/out")
    bench.add(Spawn(OWNER, Copying(directory, output), Depset([directory]), (output,), "Copy", "copying"))
    bench.build(output).raise_failures()
    assert bench.read(output) == "a b"
    tree(bench, "c")
    bench.build(output).raise_failures()
    assert bench.read(output) == "c"
