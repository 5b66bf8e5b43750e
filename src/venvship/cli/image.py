"""`image show`, `image explain`, `image diff` and `image why`: tells what container images hold."""

from __future__ import annotations

import os

from venvship.cli.build_report import errors_and_code
from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.cli.image_pages import (
    changed_paths_page,
    contents_page,
    difference_page,
    explanation_page,
    image_page,
    why_page,
)
from venvship.cli.invocation import Invocation
from venvship.cli.targets import NoTargets, select
from venvship.errors import SeveralErrors, UserError
from venvship.session.outcomes import ImageSummary
from venvship.tools.image_reader import Image, read_image
from venvship.tools.layer_stream import MissingCompressor
from venvship.tools.oci_credentials import CredentialProblem
from venvship.tools.oci_documents import ImageProblem
from venvship.tools.oci_registry import RegistryProblem

_VERBS = ("show", "explain", "diff", "why")


class NotInImage(UserError):
    """A path was asked about that an image does not have."""


class UnreadableImage(UserError):
    """The contents of an image can't be looked at."""

    def __init__(self, summary: ImageSummary, reason: str) -> None:
        super().__init__(f"`{summary.layout}` can't be read: {reason}")


def image(invocation: Invocation) -> int:
    verb, *patterns = invocation.words or ("",)
    path = ""
    if verb == "why" and patterns:
        path, *patterns = patterns
    if verb not in _VERBS:
        raise CommandLineError(
            f"`image {verb}` is not a command".replace(" `", "`"),
            hint="it is `image show TARGET`, `image explain TARGET`, `image diff OLD NEW` or `image why PATH TARGET`",
        )
    if not patterns:
        raise NoTargets(f"image {verb}")
    summaries: list[ImageSummary] = []
    with invocation.display() as display, invocation.session(display) as session:
        selection = select(invocation, session, tuple(patterns))
        if selection.errors:
            raise SeveralErrors(selection.errors)
        if verb == "diff" and len(selection.labels) != 2:
            raise CommandLineError("`image diff` compares two images", hint="it is `image diff OLD NEW`")
        outcome = session.build(selection.labels)
        if not outcome.failures and not outcome.failed:
            summaries = [one for label in selection.labels for one in session.images(label)]
    if verb == "diff" and len(summaries) > 2:
        raise CommandLineError("`image diff` compares images for one platform", hint="name the images of the index")
    code = errors_and_code(outcome.failures, outcome, invocation)
    if code is ExitCode.SUCCESS:
        invocation.surroundings.stdout.write(_page(verb, summaries, path))
        invocation.surroundings.stdout.flush()
    return code


def _page(verb: str, summaries: list[ImageSummary], path: str) -> str:
    match verb:
        case "explain":
            return "".join(map(explanation_page, summaries))
        case "diff":
            first, second = summaries
            return difference_page(first, second) + changed_paths_page(_contents(first), _contents(second))
        case "why":
            pages = [why_page(summary, _contents(summary), [path]) for summary in summaries]
            found = [page for page in pages if page is not None]
            if not found:
                raise NotInImage(f"no image has `{path}`", hint="paths start at the root of the image")
            return "".join(found)
        case _:
            return "\n".join(image_page(summary) + _contents_page(summary) for summary in summaries)


def _contents_page(summary: ImageSummary) -> str:
    # A summary may tell of an image that lies elsewhere.
    return contents_page(_contents(summary)) if summary.layout.is_dir() else ""


def _contents(summary: ImageSummary) -> Image:
    try:
        return read_image(str(summary.layout), environment=os.environ)
    except (ImageProblem, RegistryProblem, CredentialProblem, MissingCompressor) as error:
        raise UnreadableImage(summary, str(error)) from error
