from __future__ import annotations

from venvship.model.configuration import Configuration
from venvship.model.platform import Cpu, Libc, Os, Platform


def platform(cpu: Cpu = Cpu.X86_64) -> Platform:
    return Platform(Os.LINUX, cpu, Libc.GLIBC, (2, 36))


def test_equal_configurations_are_one_object_however_they_were_made() -> None:
    plain = Configuration(platform())
    changed = plain.with_options({"b": "2", "a": "1"})
    assert changed is Configuration(platform(), (("a", "1"), ("b", "2")))
    assert changed.with_options({"a": "", "b": ""}) is plain
    assert changed.get("b") == "2" and plain.get("b") == ""
    others = {plain, changed, Configuration(platform(Cpu.AARCH64)), plain.with_options({"a": "2"})}
    assert len(others) == 4
