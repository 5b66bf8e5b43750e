from __future__ import annotations

from pathlib import Path

from venvship.cli.image_pages import (
    changed_paths_page,
    contents_page,
    difference_page,
    explanation_page,
    why_page,
)
from venvship.rules.oci.layers import LayerReason
from venvship.session.image_summary import ExplainedImage
from venvship.session.outcomes import ImageLayer as SummaryLayer
from venvship.tools.image_reader import FILE, LINK, Image, ImageEntry, ImageLayer

WHEEL = "app.runfiles/pypi/six/1.17/lib/python3.12/site-packages/six.py"


def summary(*layers: tuple[str, int], settings: tuple[tuple[str, str], ...] = ()) -> ExplainedImage:
    rows = tuple(SummaryLayer(name, "", size, size, f"sha256:{name}", 1) for name, size in layers)
    reasons = (LayerReason("wheels", "wheels below 1 MiB", ("six 1.17",)),)
    return ExplainedImage("sha256:0", rows, ("/app",), {}, "", Path("/layout"), settings, reasons)


def file(path: str, size: int, sha256: str) -> ImageEntry:
    return ImageEntry(path, FILE, size, 0o644, 0, 0, sha256, "")


def image(*entries: ImageEntry, layer: str = "wheels") -> Image:
    return Image("sha256:0", {}, (ImageLayer(f"sha256:{layer}", 1, layer, entries),))


def test_distributions_and_copies_are_listed_by_size() -> None:
    page = contents_page(image(file(WHEEL, 34_000, "a"), file("copy", 34_000, "a"), file("tiny", 10, "b")))
    assert "six 1.17       34.0 kB\n" in page
    assert f"stored more than once: 34.0 kB\n  34.0 kB, 2 times: {WHEEL}\n" in page


def test_every_layer_is_explained() -> None:
    assert explanation_page(summary(("base", 5), ("wheels", 7))) == (
        "base (5 B): it came with the base, or is an archive that `tars` names\n"
        "wheels (7 B): wheels below 1 MiB\n"
        "  six 1.17\n"
    )


def test_a_difference_is_what_has_to_be_pulled() -> None:
    page = difference_page(summary(("base", 5), ("old", 6)), summary(("base", 5), ("new", 7)))
    marks = [line.split()[:2] for line in page.splitlines()[1:-1]]
    assert marks == [["-", "old"], ["=", "base"], ["+", "new"]]
    assert page.endswith("pull: 7 B in 1 of 2 layers\n")


def test_a_difference_tells_what_of_the_configuration_changed() -> None:
    page = difference_page(
        summary(("base", 5), settings=(("workdir", "/a"), ("label", "x=1"))),
        summary(("base", 5), settings=(("workdir", "/b\x1b[31m"), ("label", "x=1"))),
    )
    assert page.endswith("- workdir     /a\n+ workdir     /b\ufffd[31m\n")


def test_changed_paths_are_listed() -> None:
    before = image(file("a", 1, "1"), file("b", 1, "1"))
    after = image(file("b", 1, "2"), file("c", 1, "1"))
    assert changed_paths_page(before, after) == "- a\n~ b\n+ c\n"


def test_a_path_is_explained_by_its_layer() -> None:
    link = ImageEntry("link", LINK, 0, 0o777, 0, 0, "", "six.py")
    page = why_page(summary(("wheels", 7)), image(file(WHEEL, 10, "a"), link), [f"/{WHEEL}", "link"])
    assert page is not None
    assert "layer `wheels` sha256:wheels\nbecause: wheels below 1 MiB\nit belongs to six 1.17\n" in page
    assert "/link: a link to `six.py`" in page
    assert why_page(summary(), image(), ["nothing"]) is None
