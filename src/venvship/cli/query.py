"""`query`: asks about targets and what they depend on."""

from __future__ import annotations

from pathlib import Path

from venvship.cli.command_line import CommandLineError
from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.cli.report import exit_code
from venvship.cli.surroundings import Session
from venvship.errors import SeveralErrors, UserError, VenvshipError
from venvship.events.build_events import Message, Severity
from venvship.query.expression import Call, Expression, parse_query
from venvship.query.functions import Evaluator
from venvship.query.label_names import LabelNames
from venvship.query.outputs import OutputOptions, printed
from venvship.query.target_graph import TargetGraph


def query(invocation: Invocation) -> int:
    expression = parse_query(_text(invocation))
    flags = invocation.flags
    lines: list[str] = []
    failure: VenvshipError | None = None
    with invocation.display() as display, invocation.session(display, read_only=True) as session:
        invocation.names.learn(session.main_mapping)
        graph = TargetGraph(session.loader, implicit=flags.boolean("implicit_deps"), tools=flags.boolean("tool_deps"))
        evaluator = Evaluator(
            graph,
            relative_to=invocation.package_here(session),
            mapping=session.main_mapping,
            universe=flags.texts("universe_scope"),
        )
        try:
            found = evaluator.evaluate(expression)
        except UserError as error:
            failure = error
        else:
            if not graph.errors or flags.boolean("keep_going"):
                lines = printed(
                    found, graph, LabelNames(session.main_mapping), _output_options(invocation, session, expression)
                )
        for label in graph.unknown:
            text = f"what `{label}` depends on is not known: its repository can't be reached"
            display.emit(Message(Severity.WARNING, text))
    errors = [*graph.errors.values(), *([failure] if failure is not None else [])]
    if errors:
        invocation.print_error(SeveralErrors(errors))
    end = "\0" if flags.boolean("line_terminator_null") else "\n"
    stdout = invocation.surroundings.stdout
    for line in lines:
        stdout.write(line + end)
    stdout.flush()
    if failure is not None:
        return exit_code(failure, otherwise=ExitCode.QUERY_FAILED)
    if errors:
        return ExitCode.PARTIAL_QUERY if flags.boolean("keep_going") else ExitCode.QUERY_FAILED
    return ExitCode.SUCCESS


def _text(invocation: Invocation) -> str:
    file = invocation.flags.text("query_file")
    if not file:
        if not invocation.words:
            raise CommandLineError("`query` needs an expression", hint="`venvship query //...` lists all targets")
        return " ".join(invocation.words)
    if invocation.words:
        raise CommandLineError("the query stands on the command line or in `--query_file`, not in both")
    path = Path(invocation.surroundings.cwd / file)
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandLineError(f"can't read the query from `{path}`: {error}") from error


def _output_options(invocation: Invocation, session: Session, expression: Expression) -> OutputOptions:
    flags = invocation.flags
    return OutputOptions(
        form=flags.text("output"),
        order=flags.text("order_output"),
        # The answer of `somepath` is a way, not a set.
        keep_order=isinstance(expression, Call) and expression.function == "somepath",
        root="" if flags.boolean("relative_locations") else str(session.root),
        factored=flags.boolean("graph:factored"),
        node_limit=flags.number("graph:node_limit"),
    )
