from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from venvship.errors import SeveralErrors
from venvship.model.label import Label, PackageId
from venvship.model.platform import PythonVersion
from venvship.modules.module_evaluation import evaluate_module_file
from venvship.modules.module_file import ModuleFile
from venvship.modules.module_graph import build_module_graph
from venvship.modules.module_sources import BuiltinSource, ModuleSource, RegistrySource
from venvship.session.extension_reader import read_extensions
from venvship.session.extensions import Extensions
from venvship.session.tag_attributes import MistakenTag
from venvship.session.unified_hub import with_unified_hub

HEAD = """
module(name = "shop")
bazel_dep(name = "aspect_rules_py", version = "2.0.0")
bazel_dep(name = "rules_python", version = "1.0.0")
"""
UV = 'uv = use_extension("@aspect_rules_py//uv:extensions.bzl", "uv")\n'
PIP = 'pip = use_extension("@rules_python//python/extensions:pip.bzl", "pip")\n'
HUB = UV + 'uv.declare_hub(hub_name = "pypi")\nuv.project(hub_name = "pypi", lock = "//:uv.lock", pyproject = "//:p")\n'


@dataclass
class TwoModules:
    """The root with what a test writes, and empty built-in modules."""

    text: str

    def builtin_names(self) -> frozenset[str]:
        return frozenset({"aspect_rules_py", "rules_python"})

    def registries(self) -> tuple[str, ...]:
        return ()

    def holds(self, registry: str, name: str, version: str) -> bool:
        return False

    def yanked(self, source: RegistrySource) -> str | None:
        return None

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        text = f'module(name = "{name}")' if isinstance(source, BuiltinSource) else HEAD + self.text
        return evaluate_module_file(
            text.encode(),
            filename="MODULE.bazel",
            read_include=lambda path: None,
            print_handler=lambda text, place: None,
        )


def read(text: str, *, files: Mapping[str, str] = {}, variables: Mapping[str, str] = {}) -> Extensions:
    graph = build_module_graph(TwoModules(text))
    return read_extensions(graph, read_file=lambda label: files.get(label.name), variable=variables.get)


def refusals(text: str) -> str:
    with pytest.raises(SeveralErrors) as caught:
        read(text)
    return str(caught.value)


def main_label(name: str) -> Label:
    return Label(PackageId("", ""), name)


def test_a_hub_may_have_several_locks() -> None:
    more = 'uv.project(hub_name = "pypi", lock = "//b:uv.lock", pyproject = "//b:p", name = "b")\n'
    first, second = read(HUB + more).hubs["pypi"]
    assert first.lock == main_label("uv.lock")
    assert (second.lock, second.name) == (Label(PackageId("", "b"), "uv.lock"), "b")


def test_pip_is_an_extension_with_requirements_and_uv_locks() -> None:
    found = read(
        PIP
        + 'pip.parse(hub_name = "a", python_version = "3.11", requirements_lock = "//:r.txt", quiet = True)\n'
        + 'pip.parse(hub_name = "a", python_version = "3.12", uv_lock = "//:uv.lock")\n'
        + 'pip.override(file = "six-1.0-py3-none-any.whl", patches = ["//:six.patch"], patch_strip = 1)\n'
    )
    assert [(p.lock.name, p.python_version) for p in found.hubs["a"]] == [
        ("r.txt", PythonVersion(3, 11)),
        ("uv.lock", PythonVersion(3, 12)),
    ]
    [override] = found.overrides
    assert (override.name, override.version, override.post_install.strip) == ("six", "1.0", 1)
    assert override.post_install.files == (main_label("six.patch"),)


PARSE = 'pip.parse(hub_name = "a", uv_lock = "//:uv.lock", {} = {})\n'


@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("isolated", "True", "indexes of the settings of pip and uv"),
        *(
            (name, value, "the Python that is built for")
            for name, value in (
                ("download_only", "True"),
                ("environment", '{"A": "b"}'),
                ("python_interpreter", '"python3"'),
                ("python_interpreter_target", '"//:python"'),
                ("add_libdir_to_library_search_path", "True"),
            )
        ),
        ("pip_data_exclude", '["*.txt"]', "`data_exclude_glob` of `whl_mods`"),
        ("pyproject_toml", '"//:pyproject.toml"', "`python_version`"),
        # What is always so, what is for pip only, and what has an effect.
        ("simpleapi_skip", '["b"]', None),
        ("experimental_index_url", '"https://index.example/simple"', None),
        ("netrc", '"netrc"', None),
        ("download_only", "False", None),
        ("quiet", "True", None),
        ("timeout", "10", None),
        ("parallel_download", "True", None),
        ("enable_implicit_namespace_pkgs", "True", None),
        ("experimental_requirement_cycles", '{"x": ["x", "y"]}', None),
        ("target_platforms", '["linux_x86_64"]', None),
        ("experimental_target_platforms", '["linux_x86_64"]', None),
        ("use_hub_alias_dependencies", "True", None),
    ],
)
def test_attributes_of_pip_that_change_nothing_say_what_does(name: str, value: str, instead: str | None) -> None:
    warnings = read(PIP + PARSE.format(name, value)).warnings
    if instead is None:
        assert warnings == ()
    else:
        [warning] = warnings
        assert f"`{name}` of `pip.parse` has no effect: " in warning and instead in warning


def test_tags_of_one_line_are_warned_of_once() -> None:
    tag = PARSE.format("extra_pip_args", '["--pre"]').strip()
    assert len(read(f"{PIP}[{tag} for _ in range(3)]\n").warnings) == 1


def test_defaults_of_pip_that_change_nothing_say_what_does() -> None:
    tag = 'pip.default(platform = "here", os_name = "linux", env = {"a": "b"}, netrc = "n")\n'
    found = [text.partition(": ")[2] for text in read(PIP + tag + PARSE.format("quiet", "True")).warnings]
    assert [text.partition(":")[0] for text in found] == [
        "`env`, `os_name`, `platform` of `pip.default` have no effect"
    ]


def test_what_tags_say_of_indexes_is_joined() -> None:
    found = read(
        PIP
        + PARSE.format("experimental_index_url", '"https://one.example", netrc = "own"')
        + PARSE.format("extra_pip_args", '["--index-url=https://two.example", "--trusted-host", "two.example"]')
        + PARSE.format("quiet", "True").replace('"a"', '"b"')
        + 'pip.default(index_url = "https://usual.example", netrc = "usual", auth_patterns = {"h": "p"})\n'
        + 'pip.default(index_url = "https://last.example")\n'
    )
    one, two = (project.indexes for project in found.hubs["a"])
    [usual] = (project.indexes for project in found.hubs["b"])
    assert (one.indexes, one.netrc, one.patterns) == (("https://one.example",), "own", {"h": "p"})
    assert (two.indexes, two.netrc, two.trusted_hosts) == (("https://two.example",), "usual", ("two.example",))
    assert usual.indexes == ("https://usual.example",)


def test_the_first_tags_for_locks_call_a_project_a_venv() -> None:
    found = read(
        'uv = use_extension("@aspect_rules_py//uv/unstable:extension.bzl", "uv")\n'
        'uv.declare_hub(hub_name = "a")\n'
        'uv.declare_venv(hub_name = "a", venv_name = "old")\n'
        'uv.lockfile(hub_name = "a", venv_name = "old", src = "//:uv.lock")\n'
        'pythons = use_extension("@aspect_rules_py//py/unstable:extension.bzl", "python_interpreters")\n'
        'pythons.toolchain(python_version = "3.12", is_default = True)\n'
    )
    assert [(project.lock, project.name) for project in found.hubs["a"]] == [(main_label("uv.lock"), "old")]
    assert found.default_python == PythonVersion(3, 12)
    problem = refusals(
        'uv = use_extension("@aspect_rules_py//uv/unstable:extension.bzl", "uv")\n'
        'uv.override_requirement(hub_name = "a", venv_name = "old", requirement = "b", target = "//:b")\n'
    )
    assert "tag `override_requirement` is for a venv" in problem and "write `override_package(lock = " in problem


def test_an_isolated_usage_is_read_like_any_other() -> None:
    found = read(
        'one = use_extension("@rules_python//python/extensions:pip.bzl", "pip", isolate = True)\n'
        'one.parse(hub_name = "a", requirements_lock = "//:r.txt", python_version = "3.11")\n'
        'use_repo(one, "a")\n'
    )
    assert [project.lock for project in found.hubs["a"]] == [main_label("r.txt")]
    problem = refusals('use_extension("@rules_python//python/extensions:pipe.bzl", "pip", isolate = True)\n')
    assert "module `rules_python` has no extension `python/extensions:pipe.bzl%pip`" in problem
    assert "python/extensions:pip.bzl%pip" in problem.partition("hint")[2] and "aspect_rules_py" not in problem


def test_package_files_are_not_asked_for_by_a_tag() -> None:
    use = 'config = use_extension("@rules_python//python/extensions:config.bzl", "config")\n'
    read(use + 'config.explicit_init_py(default = True)\nconfig.add_transition_setting(setting = "//:x")\n')
    problem = refusals(use + "config.explicit_init_py(default = False)\n")
    assert "`explicit_init_py` can't ask for empty `__init__.py` files" in problem
    assert "config_settings:incompatible_default_to_explicit_init_py=false" in problem.partition("hint")[2]


def test_repositories_of_tools_are_there_and_hold_nothing() -> None:
    found = read(
        'tools = use_extension("@aspect_rules_py//py:extensions.bzl", "py_tools")\ntools.rules_py_tools()\n'
        'use_repo(tools, "rules_py_tools")\n'
        'uv = use_extension("@aspect_rules_py//uv:extensions.bzl", "uv_bin")\nuv.toolchain(version = "0.11.6")\n'
        'use_repo(uv, "uv")\n'
    )
    assert found.tools == {"rules_py_tools", "uv"}


def test_requirements_may_be_of_platforms() -> None:
    found = read(
        PIP
        + 'pip.parse(hub_name = "a", requirements_linux = "//:l.txt", requirements_darwin = "//:d.txt")\n'
        + 'pip.parse(hub_name = "b", requirements_by_platform = {"//:r.txt": "linux_*, osx_aarch64"}, '
        + 'requirements_lock = "//:all.txt")\n'
    )
    assert [(p.lock.name, p.platforms) for p in found.hubs["a"]] == [("l.txt", ("linux_*",)), ("d.txt", ("macos_*",))]
    assert [(p.lock.name, p.platforms) for p in found.hubs["b"]] == [
        ("r.txt", ("linux_*", "macos_aarch64")),
        ("all.txt", ()),
    ]


def test_modified_wheels_are_overrides_of_the_locks_that_name_them() -> None:
    mods = (
        'pip.whl_mods(hub_name = "mods", whl_name = "x", data = ["//:d"], srcs_exclude_glob = ["site-packages/a/*"])\n'
    )
    use = 'pip.parse(hub_name = "{0}", uv_lock = "//:{0}.lock"{1})\n'
    changes = ', whl_modifications = {"@mods//:x.json": "Real.Name"}'
    [override] = read(PIP + mods + use.format("a", changes) + use.format("b", "")).overrides
    assert (override.name, override.lock) == ("real-name", main_label("a.lock"))
    assert (override.exclude_globs, override.extra_data) == (("a/*",), (main_label("d"),))


def test_the_default_python_may_come_from_a_variable_or_a_file() -> None:
    use = 'python = use_extension("@rules_python//python/extensions:python.bzl", "python")\n'
    text = use + 'python.defaults(python_version_env = "PY", python_version_file = "//:.python-version")\n'
    files = {".python-version": "3.12.4\n3.11\n"}
    assert read(text, files=files).default_python == PythonVersion(3, 12)
    assert read(text, files=files, variables={"PY": "3.13"}).default_python == PythonVersion(3, 13)
    assert "can't read `//:.python-version`" in refusals(text)
    assert read(use + 'python.defaults(python_version = "3.11")\n').default_python == PythonVersion(3, 11)


PYTHON = 'python = use_extension("@rules_python//python/extensions:python.bzl", "python")\n'


def test_a_minor_version_stands_for_the_release_that_it_is_mapped_to_else_for_the_newest_that_is_named() -> None:
    text = PYTHON + 'python.toolchain(python_version = "3.12.10")\npython.toolchain(python_version = "3.12.9")\n'
    assert read(text).exact_versions == ("3.12.10",)
    listed = 'python.override(available_python_versions = ["3.12.11", "3.13.0t", "3.13.1"]{})\n'
    assert read(text + listed.format("")).exact_versions == ("3.12.11", "3.13.0t", "3.13.1")
    mapped = ', minor_mapping = {"3.12": "3.12.9", "3.11": "3.11.2"}'
    assert set(read(text + listed.format(mapped)).exact_versions) == {"3.12.9", "3.13.0t", "3.13.1", "3.11.2"}


def test_an_override_has_a_target_or_changes() -> None:
    found = read(
        HUB
        + 'uv.override_package(name = "Six", target = "//:six")\n'
        + 'uv.override_package(name = "b", env = {"CC": "clang"}, exclude_glob = ["**/*.txt"], extra_deps = ["//:d"])\n'
    )
    six, other = found.overrides
    assert (six.name, six.target) == ("six", main_label("six"))
    assert (other.environment, other.exclude_globs) == ({"CC": "clang"}, ("**/*.txt",))
    assert other.extra_deps == (main_label("d"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HUB + 'uv.override_package(name = "a", target = "//:a", env = {"A": "1"})', "`env` can't be given too"),
        (HUB + 'uv.override_package(name = "a")', "the override of `a` changes nothing"),
        (HUB + 'uv.override_package(name = "a", extra_deps = "//:a")', "is not a list of texts"),
        (HUB + 'uv.override_package(name = "a", env = {"A": 1})', "is not a dict of texts"),
        (HUB + 'uv.override_package(name = "a", exclude_glob = [1])', "is not a list of texts"),
        (
            HUB + 'uv.override_package(name = "a", console_scripts = {"run": "a.b"})',
            "`console_scripts` of the override of `a`: `run = a.b` is not of the form `name = module:function`",
        ),
        (HUB + 'uv.override_package(name = "a", console_scripts = {"../run": "a:b"})', "names the script `../run`"),
        (
            HUB + 'uv.override_package(name = "a", lock = "//b:uv.lock", env = {"A": "1"})',
            "no hub has the lock `//b:uv.lock`",
        ),
        (HUB + 'uv.override_package(name = "a", resource_set = "mem_3g")', "is `mem_3g`"),
        (HUB + 'uv.override_package(name = "a", monitor_memory = 1)', "is neither True nor False"),
        (HUB + 'uv.override_package(name = "a", config_settings = {"a": "b"})', "is not a dict of lists of texts"),
        (HUB + 'uv.override_package(name = "a", toolchains = ["//:a:b"])', "//:a:b"),
        (HUB + 'uv.annotate_packages(src = "//:a.toml")', "tag `annotate_packages` needs a text for `lock`"),
        (HUB + 'uv.annotate_packages(lock = "//c:uv.lock", src = "//:a.toml")', "no hub has the lock `//c:uv.lock`"),
        (HUB + "uv.rename(x = 1)", "has no tag `rename`"),
        (UV + 'uv.declare_hub(hub_name = "pypi")', "hub `pypi` has no lock file"),
        (UV + 'uv.project(hub_name = "pypi", lock = "//:l", pyproject = "//:p")', "hub `pypi` is not declared"),
        (PIP + 'pip.parse(hub_name = "a")', "hub `a` has no lock file"),
        (PIP + 'pip.parse(hub_name = "a", uv_lock = "//:l", what = 1)', "does not support `what`"),
        (PIP + 'pip.parse(hub_name = "a", requirements_by_platform = {"//:r": "cp311_linux_*"})', "`cp311_linux_*`"),
        (
            PIP + 'pip.whl_mods(hub_name = "m", whl_name = "x", copy_files = {"a": "b"})',
            "does not support `copy_files`",
        ),
        (
            PIP + 'pip.parse(hub_name = "a", uv_lock = "//:l", whl_modifications = {"@m//:x.json": "x"})',
            "`@m//:x.json`, which no tag `whl_mods` makes",
        ),
        (
            PYTHON + 'python.override(minor_mapping = {"3.12": "3.11.2"})',
            "maps 3.12 to 3.11.2, which is another version",
        ),
        (PYTHON + 'python.override(minor_mapping = {"3.12": "3.12"})', "`3.12` is no release of Python"),
        (PYTHON + 'python.override(available_python_versions = ["new"])', "`new` is no release of Python"),
        (PIP + 'pip.override(file = "six.zip")', "`six.zip` is not the name of a wheel"),
        (PIP + 'pip.parse(hub_name = "a", uv_lock = "//:l", python_version = "three")', "not a Python version"),
    ],
)
def test_mistaken_tags_are_refused(text: str, message: str) -> None:
    assert message in refusals(text + "\n")


def test_interpreters_may_come_from_a_mirror_and_from_named_archives() -> None:
    python = 'python = use_extension("@rules_python//python/extensions:python.bzl", "python")\n'
    interpreters = 'i = use_extension("@aspect_rules_py//py:extensions.bzl", "python_interpreters")\n'
    found = read(
        python
        + 'python.toolchain(python_version = "3.12.4", is_default = True)\n'
        + 'python.single_version_override(python_version = "3.12.4", urls = ["https://x/{platform}.tar.gz"], '
        + 'sha256 = {"x86_64-unknown-linux-gnu": "aa"})\n'
        + interpreters
        + 'i.configure(base_url = "https://mirror.example", releases = ["20990101"])\n'
    )
    assert (found.default_python, found.exact_versions) == (PythonVersion(3, 12), ("3.12.4",))
    assert (found.archive_bases, found.archive_releases) == (("https://mirror.example",), ("20990101",))
    [archive] = found.archives
    assert archive.sha256s == {"x86_64-unknown-linux-gnu": "aa"}


def test_with_the_latest_release_all_are_taken_that_are_known() -> None:
    interpreters = 'i = use_extension("@aspect_rules_py//py:extensions.bzl", "python_interpreters")\n'
    assert read(interpreters + 'i.configure(releases = ["20990101", "latest"])\n').archive_releases == ()


def test_mistakes_in_where_interpreters_come_from_are_told_at_once() -> None:
    python = 'python = use_extension("@rules_python//python/extensions:python.bzl", "python")\n'
    interpreters = 'i = use_extension("@aspect_rules_py//py:extensions.bzl", "python_interpreters")\n'
    said = refusals(
        interpreters
        + 'i.configure(releases = ["2026", "20260414", "new"])\n'
        + 'i.configure(build_config = "pgo+lto-full")\n'
        + 'i.toolchain(python_version = "3.11", is_default = True)\n'
        + python
        + 'python.toolchain(python_version = "3.12", is_default = True)\n'
        + 'python.toolchain(python_version = "3.12", is_default = True)\n'
        + 'python.toolchain(python_version = "3.13", is_default = True)\n'
    )
    assert "`releases` names `2026`, `new`" in said and "write dates like `20260414`" in said
    assert "a tag `configure` says already where interpreters come from, at MODULE.bazel:6:" in said
    assert "`build_config` is `pgo+lto-full`" in said and "may be `install_only` or `install_only_stripped`" in said
    assert "Python 3.13 is the default, and so is 3.12, at MODULE.bazel:10:" in said and "3.11, at" not in said


def hub_behind_pypi(text: str) -> tuple[str, Mapping[str, object]]:
    graph = with_unified_hub(build_module_graph(TwoModules(text)))
    return graph.root.mapping["pypi"], graph.extension_repositories()


def test_pypi_is_another_name_of_the_default_hub() -> None:
    first = PIP + 'pip.parse(hub_name = "first", requirements_lock = "//:a.txt")\nuse_repo(pip, "first", "pypi")\n'
    second = 'pip.parse(hub_name = "second", requirements_lock = "//:b.txt")\n'
    name, repositories = hub_behind_pypi(first)
    assert name == "first" and repositories.keys() == {"first"}
    name, repositories = hub_behind_pypi(first + second + 'pip.default(default_hub = "second")\n')
    assert name == "second" and repositories.keys() == {"first", "second"}
    with pytest.raises(MistakenTag, match="stands for the default hub, and the hubs are `first`, `second`") as caught:
        hub_behind_pypi(first + second)
    assert caught.value.hint is not None and 'use_repo(pip, pypi = "NAME")' in caught.value.hint
    with pytest.raises(MistakenTag, match="`default_hub` is `third`"):
        hub_behind_pypi(first + second + 'pip.default(default_hub = "third")\n')


def test_a_hub_that_is_called_pypi_is_itself() -> None:
    own = 'pip.parse(hub_name = "pypi", requirements_lock = "//:a.txt")\nuse_repo(pip, "pypi")\n'
    assert hub_behind_pypi(PIP + own + 'pip.parse(hub_name = "b", requirements_lock = "//:b.txt")\n')[0] == "pypi"
