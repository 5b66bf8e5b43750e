"""Attributes for builders of rules: what `attr` makes, in steps."""

def _kind(make):
    def attribute(**given):
        given = dict(given)

        def set(name):
            return lambda value: given.update({name: value})

        for name in ["aspects", "providers"]:
            if name in given:
                given[name] = list(given[name])
        return struct(
            aspects = given.setdefault("aspects", []) if make in _OF_LABELS else [],
            build = lambda: make(**{name: value for name, value in given.items() if value != None}),
            default = lambda: given.get("default"),
            doc = lambda: given.get("doc", ""),
            extra_kwargs = given,
            mandatory = lambda: given.get("mandatory", False),
            providers = given.setdefault("providers", []) if make in _OF_LABELS else [],
            set_allow_empty = set("allow_empty"),
            set_allow_files = set("allow_files"),
            set_allow_single_file = set("allow_single_file"),
            set_cfg = set("cfg"),
            set_default = set("default"),
            set_doc = set("doc"),
            set_executable = set("executable"),
            set_mandatory = set("mandatory"),
            set_values = set("values"),
        )

    return attribute

_OF_LABELS = [attr.label, attr.label_keyed_string_dict, attr.label_list, attr.string_keyed_label_dict]

attrb = struct(
    Bool = _kind(attr.bool),
    Int = _kind(attr.int),
    IntList = _kind(attr.int_list),
    Label = _kind(attr.label),
    LabelKeyedStringDict = _kind(attr.label_keyed_string_dict),
    LabelList = _kind(attr.label_list),
    Output = _kind(attr.output),
    OutputList = _kind(attr.output_list),
    String = _kind(attr.string),
    StringDict = _kind(attr.string_dict),
    StringKeyedLabelDict = _kind(attr.string_keyed_label_dict),
    StringList = _kind(attr.string_list),
    StringListDict = _kind(attr.string_list_dict),
)
