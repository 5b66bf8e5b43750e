"""`image show`: tells what a container image holds."""

from __future__ import annotations

from venvship.cli.build_report import errors_and_code
from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.cli.targets import NoTargets, select
from venvship.errors import SeveralErrors
from venvship.session.outcomes import ImageSummary
from venvship.ui.messages import size


def image(invocation: Invocation) -> int:
    verb, *patterns = invocation.words or ("",)
    if verb != "show":
        raise CommandLineError(f"`image {verb}` is not a command".replace(" `", "`"), hint="it is `image show TARGET`")
    if not patterns:
        raise NoTargets("image show")
    summaries: list[ImageSummary] = []
    with invocation.display() as display, invocation.session(display) as session:
        selection = select(invocation, session, tuple(patterns))
        if selection.errors:
            raise SeveralErrors(selection.errors)
        outcome = session.build(selection.labels)
        if not outcome.failures and not outcome.failed:
            summaries = [session.image(label) for label in selection.labels]
    code = errors_and_code(outcome.failures, outcome, invocation)
    if code is ExitCode.SUCCESS:
        for summary in summaries:
            invocation.surroundings.stdout.write(image_page(summary))
        invocation.surroundings.stdout.flush()
    return code


def image_page(summary: ImageSummary) -> str:
    """The layers as a table, then what a container runs."""
    rows = [("layer", "entries", "size", "unpacked", "digest")]
    rows += [
        (
            layer.name,
            f"{layer.entries:,}",
            size(layer.compressed_bytes),
            size(layer.uncompressed_bytes),
            layer.digest,
        )
        for layer in summary.layers
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [f"digest      {summary.digest}", f"layout      {summary.layout}"]
    lines.append(f"entrypoint  {' '.join(summary.entrypoint)}")
    if summary.user:
        lines.append(f"user        {summary.user}")
    lines += [f"env         {name}={summary.environment[name]}" for name in sorted(summary.environment)]
    lines.append("")
    for name, entries, compressed, unpacked, digest in rows:
        lines.append(
            f"{name:{widths[0]}}  {entries:>{widths[1]}}  {compressed:>{widths[2]}}  {unpacked:>{widths[3]}}  {digest}"
        )
    total = size(sum(layer.compressed_bytes for layer in summary.layers))
    unpacked_total = size(sum(layer.uncompressed_bytes for layer in summary.layers))
    lines.append(f"{'total':{widths[0]}}  {'':{widths[1]}}  {total:>{widths[2]}}  {unpacked_total:>{widths[3]}}")
    return "\n".join(lines) + "\n"
