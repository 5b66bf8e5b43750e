from __future__ import annotations

from venvship.host.machine import cpu_count, this_machine, user_name


def test_this_machine_is_described() -> None:
    machine = this_machine()
    assert machine.system in ("linux", "macos")
    assert machine.processor in ("x86_64", "aarch64")
    assert machine.libc_version > (0, 0)
    assert cpu_count() >= 1
    assert user_name()
