"""Labels, directories and attributes that macros pass on."""

_COMMON = [
    "compatible_with",
    "deprecation",
    "exec_compatible_with",
    "exec_properties",
    "features",
    "restricted_to",
    "tags",
    "target_compatible_with",
    "testonly",
    "toolchains",
    "visibility",
]
_TEST = ["args", "env", "env_inherit", "size", "timeout", "flaky", "shard_count", "local"]
_BINARY = ["args", "env", "output_licenses"]

def _pick(names, attrs):
    return {name: attrs[name] for name in names if name in attrs}

def _propagate_common_rule_attributes(attrs):
    return _pick(_COMMON, attrs)

def _propagate_common_test_rule_attributes(attrs):
    return _pick(_COMMON + _TEST, attrs)

def _propagate_common_binary_rule_attributes(attrs):
    return _pick(_COMMON + _BINARY, attrs)

def _propagate_well_known_tags(tags = []):
    well_known = (
        "no-sandbox",
        "no-cache",
        "no-remote-cache",
        "no-remote-exec",
        "no-remote",
        "local",
        "requires-network",
        "block-network",
        "requires-fakeroot",
        "exclusive",
        "manual",
        "external",
    )
    return [tag for tag in tags if tag in well_known or tag.startswith("cpu:") or tag.startswith("resources:")]

def _to_label(param):
    if type(param) == "Label":
        return param
    if type(param) != "string":
        fail("Expected 'string' or 'Label' but got '%s'" % type(param))
    return native.package_relative_label(param)

def _is_external_label(param):
    return _to_label(param).repo_name != ""

def _consistent_label_str(ctx, label):
    return "@{}//{}:{}".format(label.repo_name, label.package, label.name)

def _file_exists(path):
    label = native.package_relative_label(path)
    name = label.name if ":" in path or "//" in path else path
    return bool(native.glob([name], exclude_directories = 1, allow_empty = True))

def _glob_directories(include, allow_empty = False, **kwargs):
    everything = native.glob(include = include, exclude_directories = 0, allow_empty = allow_empty, **kwargs)
    files = native.glob(include = include, exclude_directories = 1, allow_empty = True, **kwargs)
    return [path for path in everything if path not in files]

def _path_to_workspace_root():
    return "/".join([".."] * len([part for part in native.package_name().split("/") if part]))

def _maybe_http_archive(**kwargs):
    fail("maybe_http_archive is for WORKSPACE files, which are not read")

def _default_timeout(size, timeout):
    if timeout or not size:
        return timeout
    return {"small": "short", "medium": "moderate", "large": "long", "enormous": "eternal"}[size]

def _is_bazel_6_or_greater():
    return True

utils = struct(
    consistent_label_str = _consistent_label_str,
    default_timeout = _default_timeout,
    file_exists = _file_exists,
    glob_directories = _glob_directories,
    is_bazel_6_or_greater = _is_bazel_6_or_greater,
    is_bazel_7_or_greater = _is_bazel_6_or_greater,
    is_bzlmod_enabled = _is_bazel_6_or_greater,
    is_external_label = _is_external_label,
    maybe_http_archive = _maybe_http_archive,
    path_to_workspace_root = _path_to_workspace_root,
    propagate_common_binary_rule_attributes = _propagate_common_binary_rule_attributes,
    propagate_common_rule_attributes = _propagate_common_rule_attributes,
    propagate_common_test_rule_attributes = _propagate_common_test_rule_attributes,
    propagate_well_known_tags = _propagate_well_known_tags,
    to_label = _to_label,
)

consistent_label_str = utils.consistent_label_str
default_timeout = utils.default_timeout
file_exists = utils.file_exists
glob_directories = utils.glob_directories
is_bazel_6_or_greater = utils.is_bazel_6_or_greater
is_bazel_7_or_greater = utils.is_bazel_7_or_greater
is_bzlmod_enabled = utils.is_bzlmod_enabled
is_external_label = utils.is_external_label
maybe_http_archive = utils.maybe_http_archive
path_to_workspace_root = utils.path_to_workspace_root
propagate_common_binary_rule_attributes = utils.propagate_common_binary_rule_attributes
propagate_common_rule_attributes = utils.propagate_common_rule_attributes
propagate_common_test_rule_attributes = utils.propagate_common_test_rule_attributes
propagate_well_known_tags = utils.propagate_well_known_tags
to_label = utils.to_label
