"""Files out of templates, with locations and Make variables in what is put in."""

load(
    "@bazel_lib//lib:expand_template.bzl",
    _expand_template_rule = "expand_template_rule",
    _expand_template = "expand_template",
)

expand_template_rule = _expand_template_rule
expand_template = _expand_template
