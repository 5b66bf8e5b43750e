"""What toolchains for actions tell; the attribute `exec_tools` of a toolchain has one."""

PyExecToolsInfo = provider(
    "An interpreter and tools that actions run.",
    fields = {
        "exec_interpreter": "The interpreter as a target, None where there is none.",
        "exec_runtime": "The `PyRuntimeInfo` of the interpreter, if that is known.",
        "precompiler": "A program that compiles sources, None where there is none.",
    },
)
