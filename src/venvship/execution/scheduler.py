"""Runs the actions that requested outputs need, each as soon as its inputs are there.

An action whose key is the recorded one and whose outputs are untouched costs nothing. Otherwise its outputs come
from the action cache when it knows the key and the stores still hold the content, and from running it when not.
Whatever runs no program is made on the calling thread; programs run on `jobs` others.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from venvship.blobs.store import MissingBlob
from venvship.dataclass import dataclass
from venvship.errors import InternalError, VenvshipError
from venvship.events.build_events import ActionFinished, ActionSource, ActionStarted, PhaseProgress
from venvship.execution.action_key import action_key, key_of_file, names_in_result, result_of
from venvship.execution.expansion import content_of
from venvship.execution.failures import ActionFailed, Interrupted, RunsElsewhere
from venvship.execution.graph import Generating, Node, needed_actions
from venvship.execution.machinery import Machinery
from venvship.execution.making import (
    ActionInterrupted,
    Placement,
    make_directly,
    placement_of,
    run_spawn,
    run_tool,
)
from venvship.execution.output_state import Rows, Trace, still_has, trace_of
from venvship.execution.outputs import Output, Outputs, OutputTree
from venvship.execution.placing import Placer
from venvship.execution.result import ExecutionResult
from venvship.execution.workers import ToolInterrupted
from venvship.host.arrivals import Arrivals
from venvship.model.action import Action, LinkArtifact, MakeSymlink, RunTool, Spawn, WriteFile, inputs_of
from venvship.model.artifact import Artifact
from venvship.model.paths import ExecPath, TreePath

NO_CACHE = "no-cache"
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class _Made:
    """How an action ended: with outputs, whose `traces` may be known already, or with an error."""

    node: Node
    key: str
    source: ActionSource
    outputs: Mapping[ExecPath, Output]
    seconds: float
    log: str
    error: BaseException | None = None
    traces: Mapping[ExecPath, Trace] | None = None


@dataclass(frozen=True, slots=True)
class _Ticket:
    """An action whose output is being placed."""

    node: Node
    key: str
    seconds: float


class Scheduler:
    """Executes once or several times within a command; outputs made by one call are known to the next."""

    def __init__(self, machinery: Machinery, *, jobs: int, keep_going: bool = False) -> None:
        self._machinery = machinery
        self._jobs = max(1, jobs)
        self._keep_going = keep_going
        self._outputs = Outputs()
        self._done: dict[Action, None] = {}
        self._keys: dict[ExecPath, str] = {}
        self._traces: dict[ExecPath, Trace] = {}

    def execute(
        self, requested: Iterable[Artifact], generating: Generating, *, if_made: Iterable[Artifact] = ()
    ) -> ExecutionResult:
        """Make `requested` exist. Failures are in the result; raises Interrupted when the user stops it.

        The result knows those of `if_made`, too, that are there and up to date; nothing is made for them.
        """
        wanted = tuple(requested)
        nodes = needed_actions(wanted, generating)
        sources = [artifact for artifact in wanted if artifact.is_source]
        return self._execute(nodes, generating, sources, if_made)

    def execute_part(self, nodes: Iterable[Node], known: Iterable[tuple[Artifact, str]]) -> ExecutionResult:
        """Execute a part of a graph whose other inputs are there, and hold what `known` says of them.

        The runfiles trees of programs that the actions run must be laid out.
        """
        self.know(known)
        return self._execute(nodes, no_layout, ())

    def know(self, known: Iterable[tuple[Artifact, str]]) -> None:
        """Take over what artifacts hold that nobody has asked for yet."""
        for artifact, text in known:
            if artifact not in self._outputs:
                self._outputs.add_text(artifact, text)

    def _execute(
        self,
        nodes: Iterable[Node],
        generating: Generating,
        sources: Iterable[Artifact],
        if_made: Iterable[Artifact] = (),
    ) -> ExecutionResult:
        run = _Run(
            self._machinery,
            self._jobs,
            self._keep_going,
            generating,
            self._outputs,
            self._done,
            self._keys,
            self._traces,
        )
        try:
            run.execute(nodes)
            run.check_sources(sources)
            if not run.failures:
                run.find(if_made)
        finally:
            self._machinery.state.save()
            self._machinery.exec_root.sources.save()
        return ExecutionResult(
            outputs=self._outputs,
            ran=run.counts[ActionSource.RUN],
            cached=run.counts[ActionSource.CACHE],
            up_to_date=run.counts[ActionSource.UP_TO_DATE],
            failures=tuple(run.failures),
            actions=tuple(self._done),
            keys=self._keys,
            traces=self._traces,
        )


def no_layout(artifact: Artifact) -> Action | None:
    """Stands for the graph where every runfiles tree is laid out already."""
    raise InternalError(f"a runfiles tree with `{artifact.exec_path}` is not laid out")


class _Run:
    """One call of `execute`. Everything but `_obtain` happens on the calling thread."""

    def __init__(
        self,
        machinery: Machinery,
        jobs: int,
        keep_going: bool,
        generating: Generating,
        outputs: Outputs,
        done: dict[Action, None],
        keys: dict[ExecPath, str],
        traces: dict[ExecPath, Trace],
    ) -> None:
        self._machinery = machinery
        self._jobs = jobs
        self._keep_going = keep_going
        self._generating = generating
        self._outputs = outputs
        self._done = done
        self._keys = keys
        self._traces = traces
        self._arrived: Arrivals[_Made] = Arrivals()
        self._ready: deque[Node] = deque()
        self._waiting_for_thread: deque[tuple[Node, str]] = deque()
        self._placer: Placer[_Ticket] = Placer(machinery.exec_root, machinery.children)
        self._running = 0
        self._total = 0
        self._finished = 0
        self.counts = dict.fromkeys(ActionSource, 0)
        self.failures: list[VenvshipError] = []

    def execute(self, nodes: Iterable[Node]) -> None:
        every = list(nodes)
        self._total = sum(1 for node in every if node.action is not None)
        self._ready.extend(node for node in every if not node.waiting)
        pool = ThreadPoolExecutor(self._jobs, thread_name_prefix="action")
        try:
            while self._advance(pool):
                pass
        except KeyboardInterrupt:
            self._machinery.children.kill_all()
            self._drain()
            raise Interrupted from None
        except BaseException:
            self._machinery.children.kill_all()
            self._drain()
            raise
        finally:
            pool.shutdown(wait=True)
            self._placer.close()

    def find(self, artifacts: Iterable[Artifact]) -> None:
        """Know those of `artifacts` that programs of an earlier command have made of what there is now."""
        for artifact in artifacts:
            action = None if artifact in self._outputs else self._generating(artifact)
            if not isinstance(action, RunTool | Spawn):
                continue
            if any(not one.is_source and one not in self._outputs for one in inputs_of(action).to_tuple()):
                continue
            key = action_key(action, self._fingerprint, platform=self._machinery.platform, files_in=self._files_in)
            rows = self._untouched(action, key)
            if rows is not None:
                self._keep(Node(action, inputs_of(action)), action, key, rows)

    def check_sources(self, sources: Iterable[Artifact]) -> None:
        """Sources that were asked for by name must exist, though no action reads them."""
        for artifact in sources:
            try:
                self._content(artifact)
            except VenvshipError as error:
                self.failures.append(error)

    def _advance(self, pool: ThreadPoolExecutor) -> bool:
        """Take one step; False when there is nothing left to do."""
        if self.failures and not self._keep_going:
            self._ready.clear()
            self._waiting_for_thread.clear()
        while self._waiting_for_thread and self._running < self._jobs:
            node, key = self._waiting_for_thread.popleft()
            self._running += 1
            pool.submit(self._obtain_on_thread, node, key)
        idle = not (self._ready or self._placer.is_busy)
        if self._running and (idle or not self._arrived.is_empty):
            made = self._arrived.take()
            self._running -= 1
            self._take(made)
            return True
        if self._ready:
            # A few at once: most have nothing to do, and looking around costs more than that.
            for _ in range(min(len(self._ready), _AT_ONCE)):
                self._begin(self._ready.popleft())
                if self.failures:
                    break
            return True
        if self._placer.is_busy:
            self._placer.finish()
            self._take_placed()
            return True
        return bool(self._waiting_for_thread)

    def _begin(self, node: Node) -> None:
        action = node.action
        if action is None:
            self._release(node)
            return
        if action in self._done:
            self._finished += 1
            self.counts[ActionSource.UP_TO_DATE] += 1
            self._release(node)
            return
        begin = time.monotonic()
        try:
            data = b""
            if isinstance(action, WriteFile):
                data = content_of(action, self._files_in)
                key = key_of_file(action, data)
            else:
                key = action_key(action, self._fingerprint, platform=self._machinery.platform, files_in=self._files_in)
            rows = self._untouched(action, key)
            if rows is not None:
                self._keep(node, action, key, rows)
                return
            if isinstance(action, RunTool | Spawn):
                self._waiting_for_thread.append((node, key))
                return
            if isinstance(action, WriteFile | MakeSymlink | LinkArtifact):
                placement = placement_of(action, self._machinery.exec_root, self._content, data)
                self._place(placement, _Ticket(node, key, time.monotonic() - begin))
                return
            outputs = make_directly(action, self._machinery.exec_root)
        except VenvshipError as error:
            self._take(_Made(node, "", ActionSource.RUN, {}, time.monotonic() - begin, "", error))
            return
        self._take(_Made(node, key, ActionSource.RUN, outputs, time.monotonic() - begin, ""))

    def _place(self, placement: Placement, ticket: _Ticket) -> None:
        self._machinery.exec_root.prepare_parent(placement.path)
        self._placer.add(ticket, placement)
        self._take_placed()

    def _take_placed(self) -> None:
        for ticket, placement, ended in self._placer.arrived():
            source, seconds = ActionSource.RUN, ticket.seconds
            if isinstance(ended, VenvshipError):
                self._take(_Made(ticket.node, ticket.key, source, {}, seconds, "", ended))
                continue
            outputs, traces = {placement.path: placement.output}, {placement.path: ended}
            self._take(_Made(ticket.node, ticket.key, source, outputs, seconds, "", None, traces))

    def _untouched(self, action: Action, key: str) -> Rows | None:
        """What an action left that has nothing to do, if it is such a one."""
        machinery = self._machinery
        outputs = action.outputs
        rows = machinery.state.get(outputs[0].exec_path, key)
        if rows is None or len(rows) != len(outputs):
            return None
        for artifact in outputs:
            match rows.get(artifact.exec_path):
                case [str(text), str(trace) | tuple(trace)]:
                    path = machinery.exec_root.output_path(artifact.exec_path)
                    if not still_has(path, trace) or (text.startswith("t ") and not os.path.isdir(path)):
                        return None
                case _:
                    return None
        if isinstance(action, LinkArtifact):
            # The key knows what the target is, not where; a workspace may have moved.
            if action.target.is_source and machinery.exec_root.sources.is_lazy(action.target):
                # Where it is, is known once it is here; then the link leads to it.
                return rows if os.path.exists(machinery.exec_root.output_path(action.output.exec_path)) else None
            place = machinery.exec_root.path_of(action.target)
            trace = rows[action.output.exec_path][1]
            # A copy stands anywhere.
            return rows if trace == place or not isinstance(trace, str) else None
        return rows

    def _keep(self, node: Node, action: Action, key: str, rows: Rows) -> None:
        """Take the outputs of an action that has nothing to do."""
        self._finished += 1
        self.counts[ActionSource.UP_TO_DATE] += 1
        self._done[action] = None
        outputs = action.outputs
        self._keys[outputs[0].exec_path] = key
        for artifact in outputs:
            text, self._traces[artifact.exec_path] = rows[artifact.exec_path]
            self._outputs.add_text(artifact, text)
        if node.dependants:
            self._release(node)

    def _obtain_on_thread(self, node: Node, key: str) -> None:
        begin = time.monotonic()
        try:
            source, outputs, log = self._obtain(node.action, key)
        except BaseException as error:
            # Carried to the calling thread, which knows what to do with each kind.
            self._arrived.put(_Made(node, key, ActionSource.RUN, {}, time.monotonic() - begin, "", error))
        else:
            self._arrived.put(_Made(node, key, source, outputs, time.monotonic() - begin, log))

    def _obtain(self, action: Action | None, key: str) -> tuple[ActionSource, Mapping[ExecPath, Output], str]:
        """Outputs from the cache, or by running the action."""
        machinery = self._machinery
        if not isinstance(action, RunTool | Spawn):
            raise InternalError(f"{action!r} is not run on a thread")
        cacheable = isinstance(action, RunTool) or NO_CACHE not in action.requirements
        if cacheable:
            cached = self._from_cache(action, key)
            if cached is not None:
                return ActionSource.RUN if key in machinery.made_ahead else ActionSource.CACHE, cached, ""
        if isinstance(action, Spawn) and action.elsewhere is not None:
            raise RunsElsewhere(action, action.elsewhere)
        machinery.events.emit(ActionStarted(action.mnemonic, action.progress))
        match action:
            case RunTool():
                outputs, log = run_tool(action, machinery.exec_root, machinery.workers, self._content)
            case Spawn():
                outputs, log = run_spawn(
                    action,
                    machinery.exec_root,
                    children=machinery.children,
                    isolation=machinery.isolation(),
                    visible=machinery.visible,
                    network=machinery.network,
                    generating=self._generating,
                    content=self._content,
                    files_in=self._files_in,
                )
        for path, output in outputs.items():
            machinery.exec_root.place(path, output)
        if cacheable:
            machinery.cache.put(key, result_of(action, outputs))
        return ActionSource.RUN, outputs, log

    def _from_cache(self, action: Action, key: str) -> Mapping[ExecPath, Output] | None:
        exec_root = self._machinery.exec_root
        result = self._machinery.cache.get(key)
        names = names_in_result(action)
        if result is None or set(result.outputs) != set(names.values()):
            return None
        outputs = {artifact.exec_path: result.outputs[name] for artifact, name in names.items()}
        trees = [output.digest for output in outputs.values() if isinstance(output, OutputTree)]
        if not all(exec_root.trees.has(digest) for digest in trees):
            return None
        try:
            for path, output in outputs.items():
                exec_root.place(path, output)
        except MissingBlob:
            return None
        return outputs

    def _take(self, made: _Made) -> None:
        """Note how an action ended, and release what waited for it."""
        action = made.node.action
        assert action is not None
        machinery = self._machinery
        self._finished += 1
        if made.error is not None:
            if isinstance(made.error, ActionInterrupted | ToolInterrupted):
                return
            if not isinstance(made.error, VenvshipError):
                raise made.error
            if not isinstance(made.error, ActionFailed):
                made.error.chain = (*made.error.chain, f"needed by {action.mnemonic} of `{action.owner}`")
            self.failures.append(made.error)
            self._remove_outputs(action)
            return
        self._done[action] = None
        self._keys[action.outputs[0].exec_path] = made.key
        for artifact in action.outputs:
            self._outputs.add(artifact, made.outputs[artifact.exec_path])
        self.counts[made.source] += 1
        self._record(action, made)
        description = action.progress if isinstance(action, RunTool | Spawn) else f"{action.mnemonic} {action.owner}"
        machinery.events.emit(ActionFinished(action.mnemonic, description, made.source, made.seconds, made.log))
        machinery.events.emit(PhaseProgress(self._finished, self._total, description))
        self._release(made.node)

    def _record(self, action: Action, made: _Made) -> None:
        rows: dict[str, tuple[str, Trace]] = {}
        for path, output in made.outputs.items():
            known = None if made.traces is None else made.traces[path]
            trace = known or trace_of(self._machinery.exec_root.output_path(path))
            if trace is None:
                return
            rows[path] = (str(output), trace)
            self._traces[path] = trace
        self._machinery.state.put(action.outputs[0].exec_path, made.key, rows)

    def _remove_outputs(self, action: Action) -> None:
        """Take away what an earlier run of a failed action left; nothing old may pass for its outputs."""
        self._machinery.state.forget(action.outputs[0].exec_path)
        for artifact in action.outputs:
            self._machinery.exec_root.remove(artifact.exec_path)

    def _release(self, node: Node) -> None:
        for dependant in node.dependants:
            dependant.waiting -= 1
            if not dependant.waiting:
                self._ready.append(dependant)

    def _content(self, artifact: Artifact) -> Output:
        self._look(artifact)
        return self._outputs[artifact]

    def _fingerprint(self, artifact: Artifact) -> str:
        self._look(artifact)
        return self._outputs.text(artifact)

    def _files_in(self, artifact: Artifact) -> tuple[TreePath, ...]:
        return self._machinery.exec_root.files_in(artifact, self._content(artifact))

    def _look(self, artifact: Artifact) -> None:
        """Know a source; anything else that is asked for is known by now."""
        if artifact in self._outputs:
            return
        if not artifact.is_source:
            raise InternalError(f"`{artifact.exec_path}` is read before it is made")
        self._outputs.add(artifact, self._machinery.exec_root.sources.output_of(artifact))

    def _drain(self) -> None:
        """Wait for the threads; what they still make is good and is kept."""
        while self._running:
            made = self._arrived.take()
            self._running -= 1
            if made.error is None and made.node.action is not None:
                self._record(made.node.action, made)
