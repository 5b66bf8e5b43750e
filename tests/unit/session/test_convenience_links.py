from __future__ import annotations

from pathlib import Path

from venvship.events.build_events import Event, Message
from venvship.session.convenience_links import NO_LINKS, ConvenienceLinks


class Events(list[Event]):
    def emit(self, event: Event) -> None:
        self.append(event)

    def texts(self) -> list[str]:
        return [event.text for event in self if isinstance(event, Message)]


def links(root: Path, events: Events, prefix: str = "venvship-") -> ConvenienceLinks:
    return ConvenienceLinks(root, prefix, {"bin": Path("/out/cfg/bin"), "out": Path("/out")}, events)


def test_an_output_is_shown_through_the_most_specific_link(tmp_path: Path) -> None:
    made = links(tmp_path, events := Events())
    assert made.shown("/out/cfg/bin/app/server") == "venvship-bin/app/server"
    assert made.shown("/out/other/bin/x") == "venvship-out/other/bin/x"
    assert made.shown("/elsewhere/x") == "/elsewhere/x"
    assert (tmp_path / "venvship-bin").readlink() == Path("/out/cfg/bin")
    assert not events


def test_what_no_link_reaches_is_shown_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "venvship-bin").mkdir()
    made = links(tmp_path, events := Events())
    made.make()
    made.make()
    assert made.shown("/out/cfg/bin/app/server") == "venvship-out/cfg/bin/app/server"
    assert events.texts() == [f"can't make the convenience link `{tmp_path}/venvship-bin`: File exists"]
    (tmp_path / "venvship-out").unlink()
    (tmp_path / "venvship-out").write_text("mine")
    assert links(tmp_path, Events()).shown("/out/cfg/bin/app/server") == "/out/cfg/bin/app/server"


def test_links_of_another_time_are_replaced_and_none_are_made_where_none_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "venvship-bin").symlink_to("/old")
    assert links(tmp_path, Events(), NO_LINKS).shown("/out/cfg/bin/x") == "/out/cfg/bin/x"
    assert (tmp_path / "venvship-bin").readlink() == Path("/old")
    links(tmp_path, Events()).make()
    assert (tmp_path / "venvship-bin").readlink() == Path("/out/cfg/bin")


def test_a_prefix_may_name_a_directory_that_is_not_there(tmp_path: Path) -> None:
    made = links(tmp_path, events := Events(), ".out/links/")
    assert made.shown("/out/cfg/bin/app/server") == ".out/links/bin/app/server"
    assert (tmp_path / ".out/links/bin").readlink() == Path("/out/cfg/bin")
    assert not events
