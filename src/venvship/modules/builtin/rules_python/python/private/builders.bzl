"""Rules that are made of others in steps.

A builder holds what will be different, and `build` makes the rule. Rules of Python programs bring their virtualenv along,
as their macros do. The transition of a builder comes before that for `python_version` and `config_settings`.
"""

load(":libraries.bzl", "library")
load(":programs.bzl", "program")

def _attributes(kind, held):
    def get(name, default = None):
        if name not in held and kind and default == None:
            fail(
                ("`%s` is no attribute that this builder was given, and those of %s can't be read here: " % (name, kind)) +
                "put another one of its type, where that is a label or a list of labels, or set a default with " +
                "build(initializer = ...)",
            )
        return held.get(name, default)

    return struct(
        get = get,
        items = lambda: held.items(),
        keys = lambda: held.keys(),
        map = held,
        put = lambda name, attribute: held.update({name: attribute}),
        update = lambda others: held.update(others),
    )

def _transition(given):
    state = {"implementation": given.get("implementation", lambda settings, attr: {})}
    inputs, outputs = list(given.get("inputs", [])), list(given.get("outputs", []))

    def add(held, labels):
        held.extend([label for label in labels if label not in held])

    def build():
        if not outputs:
            return None
        return transition(
            implementation = state["implementation"],
            inputs = [str(label) for label in inputs],
            outputs = [str(label) for label in outputs],
        )

    return struct(
        add_inputs = lambda label: add(inputs, [label]),
        add_outputs = lambda label: add(outputs, [label]),
        build = build,
        implementation = lambda: state["implementation"],
        inputs = inputs,
        outputs = outputs,
        set_implementation = lambda function: state.update({"implementation": function}),
        update_inputs = lambda *others: [add(inputs, other) for other in others] and None,
        update_outputs = lambda *others: [add(outputs, other) for other in others] and None,
    )

def _built(part):
    made = part() if type(part) == "function" else part
    return made.build() if type(made) == "struct" else made

def rule_builder(parent = None, kind = "", through = None, **given):
    """A builder.

    Args:
      parent: the rule that the new one extends, if any.
      kind: its name, for messages.
      through: the macro that makes the targets, if any.
      **given: what `rule` takes; `cfg` may be a dict of `implementation`, `inputs` and `outputs`.
    """
    given = dict(given)
    attrs = _attributes(kind, dict(given.pop("attrs", {})))
    cfg = _transition(given.pop("cfg", {}))
    lists = {name: list(given.pop(name, [])) for name in ["fragments", "provides", "toolchains"]}
    groups = dict(given.pop("exec_groups", {}))
    if parent != None:
        given.setdefault("implementation", lambda ctx: ctx.super())

    def to_kwargs():
        kwargs = dict(given)
        kwargs.update({name: values for name, values in lists.items() if values})
        kwargs["attrs"] = {name: _built(attribute) for name, attribute in attrs.items()}
        kwargs["cfg"] = cfg.build()
        if groups:
            kwargs["exec_groups"] = {name: _built(group) for name, group in groups.items()}
        return kwargs

    def build(**kwargs):
        return rule(parent = parent, _through = through, **(to_kwargs() | kwargs))

    return struct(
        attrs = attrs,
        build = build,
        cfg = cfg,
        doc = lambda: given.get("doc", ""),
        exec_groups = groups,
        executable = lambda: given.get("executable", False),
        extra_kwargs = given,
        fragments = lists["fragments"],
        implementation = lambda: given.get("implementation"),
        provides = lists["provides"],
        set_doc = lambda text: given.update({"doc": text}),
        set_executable = lambda value: given.update({"executable": value}),
        set_implementation = lambda function: given.update({"implementation": function}),
        set_test = lambda value: given.update({"test": value}),
        test = lambda: given.get("test", False),
        to_kwargs = to_kwargs,
        toolchains = lists["toolchains"],
    )

def py_binary_rule_builder():
    """A builder for rules like `py_binary`."""
    return rule_builder(_venvship.py_binary, "py_binary", program, executable = True)

def py_test_rule_builder():
    """A builder for rules like `py_test`, whose names end with `_test`."""
    return rule_builder(_venvship.py_test, "py_test", program, test = True)

def py_library_rule_builder():
    """A builder for rules like `py_library`."""
    return rule_builder(_venvship.py_library, "py_library", library)
