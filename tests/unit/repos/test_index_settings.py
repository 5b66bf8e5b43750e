from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from venvship.repos.index_settings import (
    ConfigurationPlaces,
    IndexOverride,
    IndexSettings,
    MalformedIndexOverride,
    UnreadableIndexSettings,
    read_index_settings,
)


class Machine:
    """A home, an environment and a root of the file system, all empty."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def settings(self, **environ: str) -> IndexSettings:
        places = ConfigurationPlaces.of_machine(
            environ, home=self.root / "home", prefix=self.root / "venv", root=self.root
        )
        return read_index_settings(environ, places)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_any_setting_the_index_is_the_one_of_the_client_library(machine: Machine) -> None:
    assert machine.settings() == IndexSettings((PYPI_SIMPLE_ENDPOINT,))


def test_variables_of_pip_win_over_its_files_and_stronger_files_over_weaker(machine: Machine) -> None:
    machine.write(
        "etc/pip.conf", "[global]\nindex-url = https://machine.example\ntrusted-host = a.example\n  b.example\n"
    )
    machine.write("home/.config/pip/pip.conf", "[global]\nindex_url = https://user.example\ntimeout = 7\n")
    assert machine.settings().indexes == ("https://user.example",)
    assert machine.settings().timeout == 7
    assert machine.settings().trusted_hosts == {"a.example", "b.example"}
    machine.write(
        "venv/pip.conf", "[install]\nindex-url = https://venv.example\n[global]\nindex-url = https://no.example\n"
    )
    assert machine.settings().indexes == ("https://venv.example",)
    assert machine.settings(PIP_INDEX_URL="https://variable.example").indexes == ("https://variable.example",)


def test_a_file_named_by_variable_is_stronger_and_null_means_none(machine: Machine) -> None:
    machine.write("etc/pip.conf", "[global]\nindex-url = https://machine.example\n")
    machine.write("chosen", "[global]\nindex-url = https://chosen.example\n")
    assert machine.settings(PIP_CONFIG_FILE=str(machine.root / "chosen")).indexes == ("https://chosen.example",)
    assert machine.settings(PIP_CONFIG_FILE="/dev/null").indexes == (PYPI_SIMPLE_ENDPOINT,)


def test_extra_indexes_and_directories_are_words(machine: Machine) -> None:
    settings = machine.settings(
        PIP_INDEX_URL="https://main.example",
        PIP_EXTRA_INDEX_URL="file:///a/simple  file:///b/simple",
        PIP_FIND_LINKS="/wheels https://links.example/x",
    )
    assert settings.indexes == ("https://main.example", "file:///a/simple", "file:///b/simple")
    assert settings.find_links == ("/wheels", "https://links.example/x")


def test_uv_is_asked_before_pip(machine: Machine) -> None:
    machine.write("home/.config/uv/uv.toml", '[[index]]\nname = "corp"\nurl = "https://corp.example/simple"\n')
    machine.write("etc/uv/uv.toml", '[[index]]\nurl = "https://default.example"\ndefault = true\n')
    settings = machine.settings(
        PIP_INDEX_URL="https://pip.example",
        PIP_EXTRA_INDEX_URL="https://extra.example",
        UV_INDEX="more=https://more.example https://plain.example",
        UV_INDEX_CORP_USERNAME="me",
        UV_INDEX_CORP_PASSWORD="p/w",
    )
    assert settings.indexes == (
        "https://more.example",
        "https://plain.example",
        "https://me:p%2Fw@corp.example/simple",
        "https://default.example",
        "https://extra.example",
    )


@pytest.mark.parametrize("variable", ["UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_variables_of_uv_name_the_default_index(machine: Machine, variable: str) -> None:
    machine.write(
        "home/.config/uv/uv.toml", 'index-url = "https://file.example"\nextra-index-url = ["https://x.example"]\n'
    )
    assert machine.settings(**{variable: "https://v.example"}).indexes == ("https://x.example", "https://v.example")
    assert machine.settings().indexes == ("https://x.example", "https://file.example")
    assert machine.settings(UV_NO_CONFIG="1").indexes == (PYPI_SIMPLE_ENDPOINT,)


@pytest.mark.parametrize("variable", ["PIP_NO_INDEX", "UV_NO_INDEX"])
def test_a_client_that_uses_no_index_leaves_the_directories(machine: Machine, variable: str) -> None:
    settings = machine.settings(**{variable: "1", "UV_FIND_LINKS": "/a,/b"})
    assert (settings.indexes, settings.find_links) == ((), ("/a", "/b"))


def test_the_proxy_certificates_time_limit_and_hosts_of_either_client_count(machine: Machine) -> None:
    machine.write("etc/pip.conf", "[global]\nproxy = http://proxy.example:3128\ntrusted-host = a.example\n")
    machine.write("etc/uv/uv.toml", 'allow-insecure-host = ["b.example:8443"]\n')
    settings = machine.settings(UV_HTTP_TIMEOUT="7", SSL_CLIENT_CERT="client.pem", UV_INSECURE_HOST="c.example")
    assert settings.proxy == "http://proxy.example:3128"
    assert settings.trusted_hosts == {"a.example", "b.example:8443", "c.example"}
    assert (settings.timeout, settings.client_certificate) == (7.0, "client.pem")
    settings = machine.settings(PIP_PROXY="http://other.example", PIP_TIMEOUT="9", UV_HTTP_TIMEOUT="7")
    assert (settings.proxy, settings.timeout, settings.client_certificate) == ("http://other.example", 9.0, None)


def test_a_certificate_bundle_counts_when_it_exists(machine: Machine) -> None:
    machine.write("ca.pem", "")
    bundle = str(machine.root / "ca.pem")
    assert machine.settings(PIP_CERT=bundle).certificates == bundle
    assert machine.settings(SSL_CERT_FILE=bundle).certificates == bundle
    assert machine.settings(PIP_CERT=str(machine.root / "none.pem")).certificates is None


def test_the_certificates_of_the_machine_count_where_uv_is_told_so(machine: Machine) -> None:
    paths = ssl.get_default_verify_paths()
    known = paths.cafile or paths.capath
    assert machine.settings().certificates is None
    assert machine.settings(UV_SYSTEM_CERTS="true").certificates == known
    assert machine.settings(UV_NATIVE_TLS="1").certificates == known
    machine.write("ca.pem", "")
    bundle = str(machine.root / "ca.pem")
    assert machine.settings(UV_SYSTEM_CERTS="true", SSL_CERT_FILE=bundle).certificates == bundle
    machine.write("etc/uv/uv.toml", "system-certs = true\n")
    assert machine.settings().certificates == known


@pytest.mark.parametrize(
    ("path", "text"),
    [("etc/pip.conf", "no section"), ("etc/uv/uv.toml", "= 1"), ("etc/uv/uv.toml", "a = " + "[" * 50_000)],
)
def test_a_file_that_cannot_be_read_is_named(machine: Machine, path: str, text: str) -> None:
    machine.write(path, text)
    with pytest.raises(UnreadableIndexSettings) as caught:
        machine.settings()
    assert str(caught.value).startswith(str(machine.root / path))


def test_an_override_is_read_and_written() -> None:
    override = IndexOverride.parse("https://packages.example/simple=https://u:p@mirror.example/simple")
    assert override == IndexOverride("https://packages.example/simple", "https://u:p@mirror.example/simple")
    assert IndexOverride.parse("a=@default") == IndexOverride("a", None)
    assert str(IndexOverride.parse("a=@default")) == "a=@default"


@pytest.mark.parametrize("text", ["", "a", "a=", "=b", "a=@other"])
def test_a_malformed_override_is_refused(text: str) -> None:
    with pytest.raises(MalformedIndexOverride, match="not of the form ORIGIN=TARGET"):
        IndexOverride.parse(text)
