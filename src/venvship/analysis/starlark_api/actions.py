"""`ctx.actions`: declares outputs, and the actions that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from venvship.analysis.action_groups import UNNAMED
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext, RuleError
from venvship.analysis.starlark_api.action_group import group_of_action
from venvship.analysis.starlark_api.arguments import Args
from venvship.analysis.starlark_api.command_lines import Arguments, ArgumentsContent, command_line
from venvship.analysis.starlark_api.configuration_values import DEFAULT_SHELL_ENVIRONMENT
from venvship.analysis.starlark_api.context import StarlarkContext
from venvship.analysis.starlark_api.providers import string_dict
from venvship.analysis.starlark_api.targets import FilesToRun
from venvship.analysis.starlark_api.templates import TemplateDict
from venvship.dataclass import dataclass
from venvship.model.action import (
    ImportTree,
    LinkArtifact,
    MakeForest,
    MakeSymlink,
    Program,
    RequestValue,
    RunTool,
    Spawn,
    WriteFile,
    inputs_of,
)
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset
from venvship.model.paths import ExecPath, parent
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import MISSING, HostType, Value, register, type_name
from venvship.starlark.iteration import sequence

SHELL = "/bin/bash"
_MNEMONIC = "Action"
_TAGS = frozenset({"local", "no-cache", "no-remote", "no-sandbox", "requires-network", "block-network"})
"""Tags of targets that are requirements of their actions too."""


class Actions:
    """What `ctx.actions` is; each time that a program asks for it another one."""

    __slots__ = ("ctx", "rule")

    def __init__(self, ctx: StarlarkContext) -> None:
        self.ctx = ctx
        self.rule: RuleContext = ctx.rule

    def declare(self, name: str, sibling: Artifact | None, kind: ArtifactKind) -> Artifact:
        """An output in the package, or beside `sibling`."""
        package = self.rule.label.package.path
        if sibling is not None:
            directory = parent(sibling.path)
            name = f"{directory}/{name}" if directory else name
            if package:
                name = name.removeprefix(f"{package}/") if name.startswith(f"{package}/") else f"../{name}"
        try:
            match kind:
                case ArtifactKind.FILE:
                    return self.rule.declare_file(name)
                case ArtifactKind.DIRECTORY:
                    return self.rule.declare_directory(name)
                case ArtifactKind.SYMLINK:
                    return self.rule.declare_symlink(name)
        except RuleError as error:
            raise EvaluationError(error.message, hint=error.hint) from error

    def own(self, output: Artifact) -> Artifact:
        """Refuse to make what another target declared."""
        if not self.rule.owns(output) and output.owner != self.rule.label:
            raise EvaluationError(
                f"`{output.exec_path}` was declared by `{output.owner}`, and only its own rule can make it",
                hint="declare the output with ctx.actions.declare_file()",
            )
        if output.is_source:
            raise EvaluationError(f"`{output.exec_path}` is a source file and can't be made by an action")
        return output

    def spawn(
        self,
        prefix: Sequence[str],
        *,
        outputs: Sequence[Artifact],
        inputs: Value,
        tools: Value,
        arguments: Sequence[Value],
        mnemonic: str | None,
        progress_message: str | None,
        use_default_shell_env: bool,
        env: Mapping[str, str] | None,
        execution_requirements: Mapping[str, str] | None,
        shadowed: Value = None,
        programs: Sequence[Program] = (),
        extra_inputs: Sequence[Artifact] = (),
        group: str = UNNAMED,
    ) -> None:
        """Declare an action that runs a program; it gets the inputs and variables of `shadowed`, too."""
        if not outputs:
            raise EvaluationError("param 'outputs' may not be empty")
        for output in outputs:
            self.own(output)
        tool_files, tool_programs = self._tools(tools)
        beneath = _shadowed(shadowed)
        needed = _joined([_files(inputs, "inputs"), tool_files, Depset(extra_inputs), beneath.inputs])
        base = ExecPath(outputs[0].exec_path)
        requirements = {tag for tag in self.rule.strings("tags") if tag in _TAGS}
        requirements.update(string_dict("execution_requirements", execution_requirements))
        environment = {**beneath.environment, **string_dict("env", env)}
        if use_default_shell_env:
            environment = {**DEFAULT_SHELL_ENVIRONMENT, **environment}
        self.rule.spawn(
            Spawn(
                self.rule.label,
                command_line(prefix, _parts(arguments), needed, base),
                needed,
                tuple(dict.fromkeys(outputs)),
                mnemonic or _MNEMONIC,
                self._progress(progress_message, mnemonic or _MNEMONIC, outputs, needed),
                environment,
                frozenset(requirements),
                tuple(
                    {one.executable: one for one in (*beneath.programs, *programs, *tool_programs)}.values(),
                ),
            ),
            group=group,
        )

    def group(self, exec_group: str | None, toolchain: Value, executable: Value, tools: Value) -> str:
        """The group of an action that runs `executable` with `tools`."""
        return group_of_action(
            self.ctx,
            exec_group,
            toolchain,
            runs_only_own=lambda: all(map(self._is_own, [executable, *_listed(tools)])),
        )

    def _is_own(self, tool: Value) -> bool:
        """Whether a program is known to be one of an attribute of the target."""
        match tool:
            case Artifact():
                return bool(self.program(tool)[0])
            case FilesToRun():
                return tool.executable is None or bool(self.program(tool.executable)[0])
            case _:
                return not isinstance(tool, Depset)

    def program(self, executable: Artifact) -> tuple[list[Program], list[Artifact]]:
        """A program of an attribute with its runfiles, or a plain file."""
        target = self.ctx.programs.get(executable)
        if target is None or target.default_info.executable is None:
            return [], [executable]
        return [_program(target)], []

    def _tools(self, tools: Value) -> tuple[Depset[Artifact], list[Program]]:
        if tools is None:
            return Depset(), []
        if isinstance(tools, Depset):
            # The runfiles of a program in a depset are found when it is one of this target's own programs.
            return tools, [_program(target) for target in self.ctx.programs.values() if _runs(target)]
        files: list[Artifact] = []
        depsets: list[Depset[Artifact]] = []
        programs: list[Program] = []
        for tool in sequence(tools):
            match tool:
                case Artifact():
                    found, plain = self.program(tool)
                    programs += found
                    files += plain
                case FilesToRun():
                    files += [] if tool.executable is None else [tool.executable]
                    if tool.executable is not None and not tool.executable.is_source:
                        programs.append(Program(tool.executable, tool.runfiles))
                case Depset():
                    depsets.append(tool)
                case _:
                    raise EvaluationError(
                        f"expected value of type 'File or FilesToRunProvider or Depset' for a member of parameter "
                        f"'tools' but got {type_name(tool)} instead"
                    )
        return _joined([Depset(files), *depsets]), programs

    def _progress(self, text: str | None, mnemonic: str, outputs: Sequence[Artifact], inputs: Depset[Artifact]) -> str:
        if text is None:
            return f"{mnemonic} {outputs[0].path}"
        if "%{" not in text:
            return text
        text = text.replace("%{label}", str(self.rule.label)).replace("%{output}", outputs[0].exec_path)
        if "%{input}" in text:
            first = inputs.to_tuple()[:1]
            text = text.replace("%{input}", first[0].exec_path if first else "")
        return text


@dataclass(frozen=True, slots=True)
class _Beneath:
    """What an action takes over from the one that it shadows."""

    inputs: Depset[Artifact] = field(default_factory=Depset)
    environment: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[Program, ...] = ()


def _shadowed(action: Value) -> _Beneath:
    match action:
        case None:
            return _Beneath()
        case Spawn():
            return _Beneath(action.inputs, action.environment, action.programs)
        case WriteFile() | MakeSymlink() | LinkArtifact() | MakeForest() | ImportTree() | RunTool():
            return _Beneath(inputs_of(action))
        case _:
            raise EvaluationError(f"parameter 'shadowed_action' got value of type '{type_name(action)}', want 'Action'")


def _program(target: ConfiguredTarget) -> Program:
    info = target.default_info
    assert info.executable is not None
    return Program(info.executable, info.default_runfiles)


def _runs(target: ConfiguredTarget) -> bool:
    return target.default_info.executable is not None


def _listed(tools: Value) -> Sequence[Value]:
    """The elements of the parameter `tools`."""
    if tools is None:
        return ()
    return tools.to_tuple() if isinstance(tools, Depset) else list(sequence(tools))


def _files(given: Value, parameter: str) -> Depset[Artifact]:
    if isinstance(given, Depset):
        return given
    files: list[Artifact] = []
    for file in sequence(given):
        if not isinstance(file, Artifact):
            raise EvaluationError(
                f"at index {len(files)} of {parameter}, got element of type {type_name(file)}, want File"
            )
        files.append(file)
    return Depset(files)


def _joined(parts: Sequence[Depset[Artifact]]) -> Depset[Artifact]:
    full = [part for part in parts if part]
    return full[0] if len(full) == 1 else Depset((), full)


def _parts(arguments: Sequence[Value]) -> list[str | Arguments]:
    parts: list[str | Arguments] = []
    for argument in arguments:
        if isinstance(argument, Args):
            parts.append(argument.snapshot())
        elif type(argument) is str:
            parts.append(argument)
        else:
            raise EvaluationError(
                f"expected list of strings or ctx.actions.args() for arguments, but got {type_name(argument)}"
            )
    return parts


def _declare_file(actions: Actions, filename: str, *, sibling: Artifact | None = None) -> Artifact:
    return actions.declare(filename, sibling, ArtifactKind.FILE)


def _declare_directory(actions: Actions, filename: str, *, sibling: Artifact | None = None) -> Artifact:
    return actions.declare(filename, sibling, ArtifactKind.DIRECTORY)


def _declare_symlink(actions: Actions, filename: str, *, sibling: Artifact | None = None) -> Artifact:
    return actions.declare(filename, sibling, ArtifactKind.SYMLINK)


def _write(
    actions: Actions,
    output: Artifact,
    content: str | Args,
    is_executable: bool = False,
    *,
    execution_requirements: Mapping[str, str] | None = None,
    mnemonic: str | None = None,
) -> None:
    _check_kind(actions.own(output), ArtifactKind.FILE, "write")
    if isinstance(content, Args):
        lazy = ArgumentsContent(content.snapshot())
        actions.rule.write(output, lazy, executable=is_executable)
    else:
        actions.rule.write(output, content.encode("utf-8", "surrogateescape"), executable=is_executable)


def _check_kind(output: Artifact, kind: ArtifactKind, function: str) -> None:
    if output.kind is not kind:
        raise EvaluationError(f"{function}() makes a {kind.value}, but `{output.path}` is a {output.kind.value}")


def _symlink(
    actions: Actions,
    *,
    output: Artifact,
    target_file: Artifact | None = None,
    target_path: str | None = None,
    is_executable: bool = False,
    progress_message: str | None = None,
    use_exec_root_for_source: Value = None,
    target_type: str | None = None,
) -> None:
    actions.own(output)
    if (target_file is None) == (target_path is None):
        raise EvaluationError('Exactly one of "target_file" or "target_path" is required')
    if target_path is not None:
        if output.kind is not ArtifactKind.SYMLINK:
            raise EvaluationError(
                'symlink() with "target_path" param requires that "output" be declared as a symlink, not a file or '
                "directory (did you mean to use declare_symlink() instead of declare_file() or declare_directory()?)"
            )
        if is_executable:
            raise EvaluationError('"is_executable" cannot be True when using "target_path"')
        if not target_path or "\0" in target_path:
            raise EvaluationError('"target_path" must be a path')
        actions.rule.make_symlink(output, target_path)
        return
    assert target_file is not None
    if output.kind is ArtifactKind.SYMLINK:
        raise EvaluationError(
            'symlink() with "target_file" param requires that "output" be declared as a file or directory, not a '
            "symlink (did you mean to use declare_file() or declare_directory() instead of declare_symlink()?)"
        )
    if is_executable and output.kind is ArtifactKind.DIRECTORY:
        raise EvaluationError('symlink() with "output" directory param cannot be executable')
    actions.rule.link_artifact(output, target_file, executable=is_executable)


def _run(
    actions: Actions,
    *,
    outputs: Sequence[Artifact],
    executable: str | Artifact | FilesToRun,
    inputs: Value = (),
    unused_inputs_list: Artifact | None = None,
    tools: Value = None,
    arguments: Sequence[Value] = (),
    mnemonic: str | None = None,
    progress_message: str | None = None,
    use_default_shell_env: bool = False,
    env: Mapping[str, str] | None = None,
    execution_requirements: Mapping[str, str] | None = None,
    input_manifests: Value = None,
    exec_group: str | None = None,
    shadowed_action: Value = None,
    resource_set: Value = None,
    toolchain: Value = MISSING,
) -> None:
    programs: list[Program] = []
    extra: list[Artifact] = []
    match executable:
        case str():
            first = executable
        case FilesToRun():
            if executable.executable is None:
                raise EvaluationError("the target given for 'executable' is no program")
            first = executable.executable.exec_path
            if executable.executable.is_source:
                extra.append(executable.executable)
            else:
                programs.append(Program(executable.executable, executable.runfiles))
        case _:
            first = executable.exec_path
            programs, extra = actions.program(executable)
    actions.spawn(
        (first,),
        outputs=outputs,
        inputs=inputs,
        tools=tools,
        arguments=arguments,
        mnemonic=mnemonic,
        progress_message=progress_message,
        use_default_shell_env=use_default_shell_env,
        env=env,
        execution_requirements=execution_requirements,
        shadowed=shadowed_action,
        programs=programs,
        extra_inputs=extra,
        group=actions.group(exec_group, toolchain, executable, tools),
    )


def _run_shell(
    actions: Actions,
    *,
    outputs: Sequence[Artifact],
    command: str,
    inputs: Value = (),
    tools: Value = None,
    arguments: Sequence[Value] = (),
    mnemonic: str | None = None,
    progress_message: str | None = None,
    use_default_shell_env: bool = False,
    env: Mapping[str, str] | None = None,
    execution_requirements: Mapping[str, str] | None = None,
    input_manifests: Value = None,
    exec_group: str | None = None,
    shadowed_action: Value = None,
    resource_set: Value = None,
    toolchain: Value = MISSING,
) -> None:
    # An empty `$0`, so that arguments are `$1` and following.
    prefix = (SHELL, "-c", command, "") if arguments else (SHELL, "-c", command)
    actions.spawn(
        prefix,
        outputs=outputs,
        inputs=inputs,
        tools=tools,
        arguments=arguments,
        mnemonic=mnemonic,
        progress_message=progress_message,
        use_default_shell_env=use_default_shell_env,
        env=env,
        execution_requirements=execution_requirements,
        shadowed=shadowed_action,
        group=actions.group(exec_group, toolchain, None, tools),
    )


def _expand_template(
    actions: Actions,
    *,
    template: Artifact,
    output: Artifact,
    substitutions: Mapping[str, str] | None = None,
    is_executable: bool = False,
    computed_substitutions: TemplateDict | None = None,
) -> None:
    _check_kind(actions.own(output), ArtifactKind.FILE, "expand_template")
    request: dict[str, RequestValue] = {
        "template": template,
        "output": output,
        "substitutions": string_dict("substitutions", substitutions),
        "executable": is_executable,
    }
    inputs = [template]
    if computed_substitutions is not None:
        computed = actions.declare(f"{output.path.rpartition('/')[2]}.substitutions", output, ArtifactKind.FILE)
        actions.rule.write(computed, computed_substitutions.snapshot())
        request["computed_substitutions"] = computed
        inputs.append(computed)
    actions.rule.run_tool(
        "expand_template",
        request,
        inputs=inputs,
        outputs=[output],
        mnemonic="TemplateExpand",
        progress=f"Expanding template {output.path}",
    )


def _args(actions: Actions) -> Args:
    return Args(actions.ctx.evaluator, actions.ctx.closures)


def _template_dict(actions: Actions) -> TemplateDict:
    return TemplateDict(actions.ctx.evaluator, actions.ctx.closures)


def _do_nothing(actions: Actions, *, mnemonic: str, inputs: Value = ()) -> None:
    _files(inputs, "inputs")


register(
    Actions,
    HostType(
        name="actions",
        methods={
            "args": _args,
            "declare_directory": _declare_directory,
            "declare_file": _declare_file,
            "declare_symlink": _declare_symlink,
            "do_nothing": _do_nothing,
            "expand_template": _expand_template,
            "run": _run,
            "run_shell": _run_shell,
            "symlink": _symlink,
            "template_dict": _template_dict,
            "write": _write,
        },
        equal=lambda one, other: one.ctx is other.ctx,
    ),
)
