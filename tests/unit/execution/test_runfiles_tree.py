from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from build_bench import OUTPUTS, PACKAGE, Bench

from venvship.execution.runfiles_tree import STAMP_SUFFIX, found_stamp, lay_out
from venvship.model.action import ForestFile, ForestLink, LinkArtifact, MakeForest, MakeSymlink, Program
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId
from venvship.model.paths import ExecPath, TreePath
from venvship.model.runfiles import Runfiles, RunfilesLink

OWNER = Label(PACKAGE, "t")
WHEELS = Root.of_outputs("cfg", "pypi_six")


def lay(bench: Bench, program: Program) -> Path:
    artifacts = [program.executable, *program.runfiles.artifacts.to_tuple()]
    result = bench.build(*artifacts)
    result.raise_failures()
    exec_root = bench.machinery().exec_root
    return lay_out(program, exec_root, generating=bench.actions.get, content=result.outputs.__getitem__)


def links(tree: Path) -> dict[str, str]:
    return {
        str(path.relative_to(tree)): os.readlink(path) if path.is_symlink() else "file"
        for path in tree.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def venv(bench: Bench, *entries: tuple[str, str], program: Label | None = None) -> MakeForest:
    forest = MakeForest(
        OWNER,
        ExecPath("venvship-out/cfg/bin/pkg/.venv"),
        (
            ForestFile(bench.output("pkg/.venv/pyvenv.cfg"), b""),
            *(ForestLink(bench.output(f"pkg/.venv/{path}", ArtifactKind.SYMLINK), text) for path, text in entries),
        ),
        program,
    )
    bench.add(forest)
    return forest


def wheel(bench: Bench) -> Artifact:
    output = Artifact(WHEELS, "site", Label(PackageId("pypi_six", ""), "six"), ArtifactKind.DIRECTORY)
    bench.shell(f"echo 'six = 6' > {output.exec_path}/six.py", outputs=(output,))
    return output


def test_everything_is_a_link_to_where_it_is(bench: Bench) -> None:
    executable = bench.text("pkg/t", "#!/bin/sh\n", executable=True)
    source = bench.source("pkg/data file.txt", "x")
    raw = bench.add(MakeSymlink(OWNER, bench.output("pkg/raw", ArtifactKind.SYMLINK), "../else/where"))
    alias = bench.add(LinkArtifact(OWNER, bench.output("pkg/alias"), source))
    tree = wheel(bench)
    program = Program(
        executable,
        Runfiles(
            files=Depset([executable, source, raw, alias, tree]),
            symlinks=Depset([RunfilesLink(TreePath("moved/x"), source)]),
            root_symlinks=Depset([RunfilesLink(TreePath("other/y"), source)]),
            empty_filenames=Depset([TreePath("_main/pkg/__init__.py")]),
        ),
    )
    directory = lay(bench, program)
    root = bench.layout.exec_root
    assert os.readlink(root / "venvship-out/cfg/bin/pkg/t.runfiles") == str(directory)
    assert directory.parent == bench.layout.runfiles and directory.name.endswith("-t.runfiles")
    data = str(bench.layout.workspace / "pkg" / "data file.txt")
    seen = links(directory)
    assert seen.pop("pypi_six/site").startswith(str(bench.layout.trees))
    assert seen == {
        "MANIFEST": str(root / "venvship-out/cfg/bin/pkg/t.runfiles_manifest"),
        "_main/pkg/t": str(root / executable.exec_path),
        "_main/pkg/data file.txt": data,
        "_main/pkg/raw": "../else/where",
        "_main/pkg/alias": str(root / alias.exec_path),
        "_main/moved/x": data,
        "_main/pkg/__init__.py": "file",
        "other/y": data,
    }
    assert (directory / "_main" / "pkg" / "alias").read_text() == "x"
    manifest = (directory / "MANIFEST").read_text().splitlines()
    assert f" _main/pkg/data\\sfile.txt {data}" in manifest
    assert f"_main/pkg/t {root / executable.exec_path}" in manifest
    assert "_main/pkg/__init__.py " in manifest
    assert f"_main/pkg/raw {root / raw.exec_path}" in manifest


@pytest.mark.parametrize("damage", ["nothing", "content", "an empty file gone", "another link"])
def test_the_stamp_of_a_tree_is_found_again_in_what_lies_there(bench: Bench, damage: str) -> None:
    executable, source = bench.text("pkg/t", "", executable=True), bench.source("pkg/data", "x")
    runfiles = Runfiles(files=Depset([executable, source]), empty_filenames=Depset([TreePath("_main/pkg/__init__.py")]))
    directory = lay(bench, Program(executable, runfiles))
    program = str(bench.layout.exec_root / executable.exec_path)
    stamp = Path(program + STAMP_SUFFIX).read_bytes()
    match damage:
        case "content":
            (directory / "_main" / "pkg" / "__init__.py").chmod(0o644)
            (directory / "_main" / "pkg" / "__init__.py").write_text("import os")
        case "an empty file gone":
            (directory / "_main" / "pkg" / "__init__.py").unlink()
        case "another link":
            (directory / "_main" / "pkg" / "data").unlink()
            (directory / "_main" / "pkg" / "data").symlink_to("elsewhere")
    assert (found_stamp(program) == stamp) is (damage == "nothing")


def test_a_tree_is_left_alone_until_it_changes(bench: Bench) -> None:
    executable = bench.text("pkg/t", "", executable=True)
    one, two = bench.source("one", "1"), bench.source("two", "2")
    small = Program(executable, Runfiles(files=Depset([executable, one])))
    large = Program(executable, Runfiles(files=Depset([executable, one, two])))
    directory = lay(bench, small)
    inode = directory.stat().st_ino
    assert lay(bench, small).stat().st_ino == inode
    bench.write("one", "changed")
    assert lay(bench, small).stat().st_ino == inode
    assert sorted(links(lay(bench, large))) == ["MANIFEST", "_main/one", "_main/pkg/t", "_main/two"]
    assert sorted(links(lay(bench, small))) == ["MANIFEST", "_main/one", "_main/pkg/t"]
    shutil.rmtree(directory)
    assert sorted(links(lay(bench, small))) == ["MANIFEST", "_main/one", "_main/pkg/t"]


def test_programs_of_one_name_have_trees_of_their_own(bench: Bench) -> None:
    trees = []
    for name in ("one/t", "two/t"):
        executable = bench.text(name, "", executable=True)
        trees.append(lay(bench, Program(executable, Runfiles(files=Depset([executable])))))
    assert [sorted(links(tree)) for tree in trees] == [["MANIFEST", "_main/one/t"], ["MANIFEST", "_main/two/t"]]


def test_the_longest_name_of_a_program_has_a_tree(bench: Bench) -> None:
    name = "é" * ((255 - len(".runfiles_manifest-1234567890-12345-12345678")) // 2)
    executable = bench.text(f"pkg/{name}", "", executable=True)
    tree = lay(bench, Program(executable, Runfiles(files=Depset([executable]))))
    assert tree.is_dir() and tree.name.endswith("é.runfiles")


@pytest.mark.parametrize("instead", ["nothing", "directory", "link", "file"])
def test_the_link_to_a_tree_comes_back_whatever_stands_in_its_place(bench: Bench, instead: str) -> None:
    executable = bench.text("pkg/t", "", executable=True)
    program = Program(executable, Runfiles(files=Depset([executable])))
    tree = lay(bench, program)
    link = bench.layout.exec_root / f"{executable.exec_path}.runfiles"
    link.unlink()
    match instead:
        case "directory":
            (link / "_main").mkdir(parents=True)
        case "link":
            link.symlink_to("elsewhere")
        case "file":
            link.touch()
    assert lay(bench, program) == tree
    assert os.readlink(link) == str(tree) and sorted(links(link)) == ["MANIFEST", "_main/pkg/t"]


def test_a_tree_without_its_stamp_is_made_again(bench: Bench) -> None:
    # What a command leaves that is killed before its last step: tree and link, of which nobody knows whether they fit.
    executable = bench.text("pkg/t", "", executable=True)
    program = Program(executable, Runfiles(files=Depset([executable])))
    tree = lay(bench, program)
    Path(bench.layout.exec_root, f"{executable.exec_path}.runfiles_stamp").unlink()
    (tree / "_main/pkg/t").unlink()
    assert sorted(links(lay(bench, program))) == ["MANIFEST", "_main/pkg/t"]


def test_programs_share_a_virtual_environment_and_what_it_leads_to(bench: Bench) -> None:
    site = wheel(bench)
    forest = venv(bench, ("lib/six.py", "../../../../pypi_six/site/six.py"), ("bin/python", "/usr/bin/python3"))
    directories = []
    for name in ("pkg/t", "pkg/u"):
        executable = bench.text(name, "", executable=True)
        directories.append(lay(bench, Program(executable, Runfiles(files=Depset([executable, site, *forest.outputs])))))
    first, second = map(links, directories)
    assert sorted(first) == ["MANIFEST", "_main/pkg/.venv", "_main/pkg/t", "pypi_six"]
    for name in ("_main/pkg/.venv", "pypi_six"):
        assert first[name] == second[name] and Path(first[name]).parent == bench.layout.links
    assert (directories[0] / "_main/pkg/.venv/lib/six.py").read_text() == "six = 6\n"
    assert "_main/pkg/.venv/lib/six.py " in (directories[0] / "MANIFEST").read_text()


def test_links_of_a_virtual_environment_lead_into_the_store(bench: Bench) -> None:
    site = wheel(bench)
    entries = [("lib/six.py", "../../../../pypi_six/site/six.py"), ("lib/six", "six.py"), ("lib/gone", "../../gone")]
    forest = venv(bench, *entries)
    executable = bench.text("pkg/t", "", executable=True)
    directory = lay(bench, Program(executable, Runfiles(files=Depset([executable, site, *forest.outputs]))))
    [stored] = bench.layout.trees.glob("*/six.py")
    seen = links(directory)
    assert seen["_main/pkg/.venv/lib/six.py"] == str(stored)
    assert seen["_main/pkg/.venv/lib/six"] == "six.py"
    # Nobody knows where that leads, so the whole stays where it was meant to be.
    assert seen["_main/pkg/.venv/lib/gone"] == "../../gone"


def test_the_virtual_environment_of_one_program_lies_in_its_tree(bench: Bench) -> None:
    executable = bench.text("pkg/t", "", executable=True)
    site = wheel(bench)
    forest = venv(bench, ("lib/six.py", "../../../../pypi_six/site/six.py"), program=OWNER)
    runfiles = Runfiles(files=Depset([executable, site, *forest.outputs]))
    directory = lay(bench, Program(executable, runfiles))
    assert not (directory / "_main/pkg/.venv").is_symlink() and (directory / "_main/pkg/.venv/pyvenv.cfg").is_file()
    assert (directory / "pypi_six/site").is_symlink() and not bench.layout.links.exists()


def test_a_program_finds_its_interpreter_in_its_tree_and_the_library_in_the_store(bench: Bench) -> None:
    executable = bench.text("pkg/t", "", executable=True)
    prefix = Artifact(WHEELS, "3.12", Label(PackageId("pypi_six", ""), "3.12"), ArtifactKind.DIRECTORY)
    made = "mkdir bin lib && touch bin/python3.12 bin/pip lib/os.py"
    bench.shell(f"cd {prefix.exec_path} && {made}", outputs=(prefix,))
    text = "../../../../pypi_six/3.12/bin/python3.12"
    forest = venv(bench, ("bin/python", text), ("bin/python3", "python"), program=OWNER)
    seen = links(lay(bench, Program(executable, Runfiles(files=Depset([executable, prefix, *forest.outputs])))))
    assert seen["_main/pkg/.venv/bin/python"] == text and seen["_main/pkg/.venv/bin/python3"] == "python"
    store = os.path.dirname(seen["pypi_six/3.12/lib"])
    assert Path(store).parent == bench.layout.trees
    assert {path for path in seen if path.startswith("pypi_six")} == {
        f"pypi_six/3.12/{name}" for name in ("lib", "bin/pip", "bin/python3.12")
    }
    assert seen["pypi_six/3.12/bin/python3.12"] == f"{store}/bin/python3.12"


def test_what_trees_share_comes_back_when_somebody_took_it(bench: Bench) -> None:
    site = wheel(bench)
    forest = venv(bench, ("lib/six.py", "../../../../pypi_six/site/six.py"))
    executable = bench.text("pkg/t", "", executable=True)
    runfiles = Runfiles(files=Depset([executable, site, *forest.outputs]))
    directory = lay(bench, Program(executable, runfiles))
    shutil.rmtree(bench.layout.links)
    lay(bench, Program(executable, runfiles))
    assert (directory / "_main/pkg/.venv/lib/six.py").read_text() == "six = 6\n"


@pytest.mark.parametrize("change", ["removed", "replaced", "retargeted"])
@pytest.mark.parametrize("program", [None, OWNER])
def test_what_was_taken_out_of_a_tree_is_put_back(bench: Bench, change: str, program: Label | None) -> None:
    site = wheel(bench)
    forest = venv(bench, ("lib/six.py", "../../../../pypi_six/site/six.py"), program=program)
    executable = bench.text("pkg/t", "", executable=True)
    runfiles = Runfiles(files=Depset([executable, site, *forest.outputs]))
    directory = lay(bench, Program(executable, runfiles))
    link = directory / "_main/pkg/.venv/lib/six.py"
    text = os.readlink(link)
    link.unlink()
    if change == "replaced":
        link.write_text("six = 7\n")
    elif change == "retargeted":
        link.symlink_to("/dev/null")
    lay(bench, Program(executable, runfiles))
    assert os.readlink(link) == text and link.read_text() == "six = 6\n"


@pytest.mark.parametrize("program", [None, OWNER])
def test_what_a_program_leaves_in_its_tree_stays(bench: Bench, program: Label | None) -> None:
    site = wheel(bench)
    forest = venv(bench, ("lib/six.py", "../../../../pypi_six/site/six.py"), program=program)
    executable = bench.text("pkg/t", "", executable=True)
    runfiles = Runfiles(files=Depset([executable, site, *forest.outputs]))
    directory = lay(bench, Program(executable, runfiles))
    left = [directory / "_main/left", directory / "_main/pkg/.venv/lib/left"]
    for path in left:
        path.write_text("left")
    lay(bench, Program(executable, runfiles))
    assert [path.read_text() for path in left] == ["left", "left"]


def test_a_part_of_a_virtual_environment_is_not_linked_whole(bench: Bench) -> None:
    executable = bench.text("pkg/t", "", executable=True)
    site = wheel(bench)
    forest = venv(bench, ("lib/six.py", "../../../../pypi_six/site/six.py"))
    runfiles = Runfiles(files=Depset([executable, site, forest.outputs[1]]))
    seen = links(lay(bench, Program(executable, runfiles)))
    assert "_main/pkg/.venv/lib/six.py" in seen and "_main/pkg/.venv/pyvenv.cfg" not in seen


def test_an_entry_added_below_a_virtual_environment_keeps_it_apart(bench: Bench) -> None:
    executable = bench.text("pkg/t", "", executable=True)
    forest = venv(bench)
    extra = bench.source("extra", "x")
    runfiles = Runfiles(
        files=Depset([executable, *forest.outputs]),
        symlinks=Depset([RunfilesLink(TreePath("pkg/.venv/lib/extra"), extra)]),
    )
    directory = lay(bench, Program(executable, runfiles))
    assert (directory / "_main/pkg/.venv/lib/extra").read_text() == "x"
    assert not (bench.layout.exec_root / forest.directory / "lib").exists()


def test_links_to_sources_hold_in_the_runfiles_tree(bench: Bench) -> None:
    executable = bench.text("pkg/t", "", executable=True)
    module = bench.source("pkg/module.py", "first party")
    forest = venv(bench, ("lib/module.py", "../../module.py"))
    runfiles = Runfiles(files=Depset([executable, module, *forest.outputs]))
    directory = lay(bench, Program(executable, runfiles))
    assert (directory / "_main/pkg/.venv/lib/module.py").read_text() == "first party"


def test_the_working_directory_exists_even_when_nothing_lies_in_it(bench: Bench) -> None:
    executable = Artifact(OUTPUTS, "pkg/t", OWNER)
    bench.text("pkg/t", "")
    assert (lay(bench, Program(executable, Runfiles())) / "_main").is_dir()


def test_programs_with_virtual_environments_of_their_own_have_the_inodes_of_equal_links_in_common(bench: Bench) -> None:
    site = wheel(bench)
    text = "../../../pypi_six/site/six.py"
    forests, programs = [], []
    for name in ("one", "two"):
        owner = Label(PACKAGE, name)
        link = bench.output(f"pkg/.{name}/lib/six.py", ArtifactKind.SYMLINK)
        forests.append(
            MakeForest(owner, ExecPath(f"venvship-out/cfg/bin/pkg/.{name}"), (ForestLink(link, text),), owner)
        )
        bench.add(forests[-1])
        executable = bench.text(f"pkg/{name}", "", executable=True)
        programs.append(Program(executable, Runfiles(files=Depset([executable, site, link]))))
    result = bench.build(*(one for program in programs for one in program.runfiles.artifacts.to_tuple()))
    result.raise_failures()
    exec_root = bench.machinery().exec_root
    content = result.outputs.__getitem__
    trees = [lay_out(program, exec_root, generating=bench.actions.get, content=content) for program in programs]
    places = [tree / f"_main/pkg/.{name}/lib/six.py" for tree, name in zip(trees, ("one", "two"), strict=True)]
    outputs = [Path(exec_root.output_path(forest.outputs[0].exec_path)) for forest in forests]
    assert os.readlink(places[0]) == os.readlink(places[1]) and outputs[0].readlink() == Path(text)
    for first, second in (places, outputs):
        assert first.lstat().st_ino == second.lstat().st_ino
