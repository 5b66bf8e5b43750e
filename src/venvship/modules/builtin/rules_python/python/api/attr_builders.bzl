"""Attributes for builders of rules."""

attrb = struct(
    Bool = attr.bool,
    Int = attr.int,
    IntList = attr.int_list,
    Label = attr.label,
    LabelKeyedStringDict = attr.label_keyed_string_dict,
    LabelList = attr.label_list,
    Output = attr.output,
    OutputList = attr.output_list,
    String = attr.string,
    StringDict = attr.string_dict,
    StringKeyedLabelDict = attr.string_keyed_label_dict,
    StringList = attr.string_list,
    StringListDict = attr.string_list_dict,
)
