"""Which actions the requested outputs need, and what each of them waits for.

A depset is a node of its own, so that the graph is as small as the depsets are: a closure that a thousand actions
read is walked once and not a thousand times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from venvship.execution.failures import DependencyCycle
from venvship.model.action import Action, inputs_of
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset

Generating = Callable[[Artifact], Action | None]
"""The action that makes an artifact; None for a source."""


class Node:
    """An action, or a depset of inputs (`action` is None), and how many nodes it waits for."""

    __slots__ = ("action", "dependants", "inputs", "waiting")

    def __init__(self, action: Action | None, inputs: Depset[Artifact]) -> None:
        self.action = action
        self.inputs = inputs
        self.waiting = 0
        self.dependants: list[Node] = []


def needed_actions(requested: Iterable[Artifact], generating: Generating) -> list[Node]:
    """The nodes that `requested` needs, each after those it waits for; raises DependencyCycle."""
    # By the objects themselves, which equal nothing else: calls of `id` are audited, and somebody may listen.
    nodes: dict[Action | Depset[Artifact], Node] = {}
    finished: list[Node] = []
    root = Node(None, Depset(requested))
    nodes[root.inputs] = root
    # An explicit stack: chains of actions in real workspaces outgrow Python's.
    stack: list[tuple[Node, Iterator[Action | Depset[Artifact]]]] = [(root, _children(root, generating))]
    open_nodes = {root}
    while stack:
        node, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            open_nodes.discard(node)
            if node is not root and (node.action is not None or node.waiting):
                finished.append(node)
            if stack:
                _connect(stack[-1][0], node)
            continue
        known = nodes.get(child)
        if known is not None:
            if known in open_nodes:
                raise DependencyCycle(above.action for above, _ in stack if above.action is not None)
            _connect(node, known)
            continue
        made = Node(None, child) if isinstance(child, Depset) else Node(child, inputs_of(child))
        nodes[child] = made
        if _waits_for_nothing(made, generating):
            if made.action is not None:
                finished.append(made)
                _connect(node, made)
            continue
        open_nodes.add(made)
        stack.append((made, _children(made, generating)))
    return finished


def _waits_for_nothing(node: Node, generating: Generating) -> bool:
    """Most actions read nothing but sources, and are done with at once."""
    return not node.inputs.transitive and not any(map(generating, node.inputs.direct))


def _children(node: Node, generating: Generating) -> Iterator[Action | Depset[Artifact]]:
    if node.action is not None:
        if node.inputs:
            yield node.inputs
        return
    yield from node.inputs.transitive
    seen: set[Action] = set()
    for artifact in node.inputs.direct:
        action = generating(artifact)
        if action is not None and action not in seen:
            seen.add(action)
            yield action


def _connect(parent: Node, child: Node) -> None:
    if child.action is not None or child.waiting:
        child.dependants.append(parent)
        parent.waiting += 1
