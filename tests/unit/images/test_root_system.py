from __future__ import annotations

from venvship.images.root_system import NONROOT, directories, system_texts
from venvship.model.paths import TreePath


def test_every_user_has_a_home_for_itself_alone() -> None:
    made = {str(one.path): one for one in directories({"app": 1000})}
    owners = {"root": 0, "home/nonroot": NONROOT, "home/app": 1000}
    for path, user in owners.items():
        assert (made[path].uid, made[path].gid, made[path].mode) == (user, user, 0o700)


def test_everybody_may_write_temporary_files_and_remove_only_their_own() -> None:
    made = {str(one.path): one.mode for one in directories()}
    assert made["tmp"] == made["var/tmp"] == 0o1777
    assert [path for path, mode in made.items() if mode & 0o002 and not mode & 0o1000] == []


def test_the_order_of_users_changes_nothing() -> None:
    users = {"app": 1000, "batch": 999}
    other = dict(reversed(users.items()))
    assert system_texts(users) == system_texts(other)
    assert directories(users) == directories(other)
    passwd = system_texts(users)[TreePath("etc/passwd")]
    assert passwd.splitlines()[3:] == [
        "batch:x:999:999:batch:/home/batch:/sbin/nologin",
        "app:x:1000:1000:app:/home/app:/sbin/nologin",
    ]
