"""Labels, directories and attributes that macros pass on."""

load(
    "@bazel_lib//lib:utils.bzl",
    _utils = "utils",
    _consistent_label_str = "consistent_label_str",
    _default_timeout = "default_timeout",
    _file_exists = "file_exists",
    _glob_directories = "glob_directories",
    _is_bazel_6_or_greater = "is_bazel_6_or_greater",
    _is_bazel_7_or_greater = "is_bazel_7_or_greater",
    _is_bzlmod_enabled = "is_bzlmod_enabled",
    _is_external_label = "is_external_label",
    _maybe_http_archive = "maybe_http_archive",
    _path_to_workspace_root = "path_to_workspace_root",
    _propagate_common_binary_rule_attributes = "propagate_common_binary_rule_attributes",
    _propagate_common_rule_attributes = "propagate_common_rule_attributes",
    _propagate_common_test_rule_attributes = "propagate_common_test_rule_attributes",
    _propagate_well_known_tags = "propagate_well_known_tags",
    _to_label = "to_label",
)

utils = _utils
consistent_label_str = _consistent_label_str
default_timeout = _default_timeout
file_exists = _file_exists
glob_directories = _glob_directories
is_bazel_6_or_greater = _is_bazel_6_or_greater
is_bazel_7_or_greater = _is_bazel_7_or_greater
is_bzlmod_enabled = _is_bzlmod_enabled
is_external_label = _is_external_label
maybe_http_archive = _maybe_http_archive
path_to_workspace_root = _path_to_workspace_root
propagate_common_binary_rule_attributes = _propagate_common_binary_rule_attributes
propagate_common_rule_attributes = _propagate_common_rule_attributes
propagate_common_test_rule_attributes = _propagate_common_test_rule_attributes
propagate_well_known_tags = _propagate_well_known_tags
to_label = _to_label
