"""Options of a configuration that no rule defines: their names, what each holds, and what it holds by default.

Conditions and transitions of workspaces ask about far more of them than mean something here. They are known all the
same, with Bazel's defaults, so that such files work and a misspelt name is found out. The names are those of releases
4 to 9 that belong to configurations; others, such as `jobs`, can't be asked about.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.nearest import did_you_mean
from venvship.model.configuration import COMPILATION_MODE, Configuration
from venvship.model.platform import Cpu, Os, Platform

AUTO_EXEC_GROUPS: Final = "incompatible_auto_exec_groups"
FEATURES: Final = "features"
HOST_FEATURES: Final = "host_features"
PLATFORMS: Final = "platforms"

NativeValue: TypeAlias = bool | int | str | tuple[str, ...]


class UnknownOption(UserError):
    """A condition asks about an option that no configuration has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown option: `{name}`", hint=did_you_mean(name, NATIVE_OPTIONS))


class InvalidOptionValue(UserError):
    """An option is compared with something that it never holds."""


class OptionKind(enum.Enum):
    TEXT = enum.auto()
    BOOLEAN = enum.auto()
    TRISTATE = enum.auto()  # a boolean, or `auto`
    LIST = enum.auto()  # every value that is given counts


@dataclass(frozen=True, slots=True)
class NativeOption:
    """What an option holds; `values` are all that it may be, if they are few."""

    kind: OptionKind
    default: NativeValue
    values: tuple[str, ...] = ()


def native_option(name: str) -> NativeOption | None:
    """What is known of an option; releases come and go with options that are tried out."""
    known = NATIVE_OPTIONS.get(name)
    if known is None and name.startswith(_TRIED_OUT):
        return _SWITCH
    return known


def option_text(name: str, value: NativeValue | None) -> str:
    """How a configuration holds the value of an option; empty for the default."""
    option = native_option(name) or _TEXT
    if isinstance(value, str) and option.kind in (OptionKind.BOOLEAN, OptionKind.TRISTATE):
        value = BOOLEANS.get(value.lower(), value)
    if value is None or value == option.default or value in ("", ()):
        return ""
    return str(value) if name == COMPILATION_MODE else json.dumps(value)


def both_texts(name: str, first: str, second: str) -> str:
    """How a configuration holds an option that is given twice: of lists all values count, of others the last."""
    option = native_option(name)
    if not first or option is None or option.kind is not OptionKind.LIST or name == PLATFORMS:
        return second
    return json.dumps([*json.loads(first), *json.loads(second or "[]")])


def written_value(name: str, text: str) -> NativeValue:
    """What a text means as value of an option; raises InvalidOptionValue."""
    option = native_option(name) or _TEXT
    if option.kind is OptionKind.BOOLEAN or (option.kind is OptionKind.TRISTATE and text != "auto"):
        said = BOOLEANS.get(text.lower())
        if said is not None:
            return said
        if name not in NATIVE_OPTIONS:
            return text
        raise InvalidOptionValue(f"`{text}` is not a boolean, as `{name}` is")
    if option.values and text not in option.values:
        raise InvalidOptionValue(f"`{name}` is one of {', '.join(option.values)}, not `{text}`")
    return (text,) if option.kind is OptionKind.LIST else text


def value_of(name: str, configuration: Configuration) -> NativeValue:
    """The value of an option in a configuration."""
    text = configuration.get(name)
    option = native_option(name) or _TEXT
    if not text:
        return cpu_word(configuration.platform) if name in _CPUS else option.default
    if name == COMPILATION_MODE:
        return text
    if name == PLATFORMS:
        return (text,)
    value = json.loads(text)
    if isinstance(value, list):
        return tuple(value)
    return (value,) if option.kind is OptionKind.LIST else value


def holds(name: str, wanted: str, configuration: Configuration) -> bool:
    """Whether an option is what a condition writes; raises UnknownOption and InvalidOptionValue."""
    if native_option(name) is None:
        raise UnknownOption(name)
    meant = written_value(name, wanted)
    value = value_of(name, configuration)
    if isinstance(meant, tuple):
        return isinstance(value, tuple) and set(meant) <= set(value)
    if isinstance(meant, bool) or isinstance(value, bool):
        return meant is value
    return str(value) == meant


def cpu_word(platform: Platform) -> str:
    """The processor of a platform by the word that Bazel has for it."""
    match platform.os, platform.cpu:
        case Os.LINUX, Cpu.X86_64:
            return "k8"
        case Os.MACOS, Cpu.X86_64:
            return "darwin_x86_64"
        case Os.MACOS, _:
            return "darwin_arm64"
        case _:
            return platform.cpu.value


BOOLEANS: Final = {
    **dict.fromkeys(("true", "1", "yes", "t", "y"), True),
    **dict.fromkeys(("false", "0", "no", "f", "n"), False),
}
"""How flags write what is true or false, in small letters."""
_TRIED_OUT: Final = ("experimental_", "incompatible_")
_CPUS: Final = frozenset({"cpu", "host_cpu"})
_SWITCH: Final = NativeOption(OptionKind.BOOLEAN, False)
_TEXT: Final = NativeOption(OptionKind.TEXT, "")
_MODES: Final = ("fastbuild", "dbg", "opt")

_OFF: Final = """
    allow_analysis_failures android_fixed_resource_neverlinking android_migration_tag_check
    android_resource_shrinking apple_enable_auto_dsym_dbg apple_generate_dsym build_test_dwp
    check_fileset_dependencies_recursively check_licenses collapse_duplicate_defines collect_code_coverage
    compress_in_memory_genquery_results debug_selects_always_succeed desugar_for_android
    device_debug_entitlements disallow_strict_deps_for_jpl enable_propeller_optimize_absolute_paths
    enforce_proguard_file_extension explicit_java_test_deps force_pic include_config_fragments_provider
    instrument_test_targets ios_memleaks java_debug legacy_bazel_java_test multi_release_deploy_jars
    objc_debug_with_GLIBCXX objc_enable_binary_stripping objc_generate_linkmap
    one_version_enforcement_on_java_tests parse_headers_verifies_modules process_headers_in_dependencies
    runs_per_test_detects_flakes save_temps stamp start_end_lib strict_deps_java_protos strict_filesets
    strict_public_imports strict_system_includes test_runner_fail_fast toolchain_resolution_debug
    trim_test_configuration use_target_platform_for_tests verbose_visibility_errors
    zip_undeclared_test_outputs
"""
_ON: Final = """
    allow_unresolved_symlinks android_databinding_use_androidx android_databinding_use_v3_4_args
    build_runfile_links build_runfile_manifests check_visibility merge_android_manifest_permissions
    output_library_merged_assets proto_profile defer_param_files desugar_java8_libs
    distinct_host_configuration enable_apple_binary_native_protos enable_fdo_profile_absolute_path
    enforce_constraints enforce_transitive_configs_for_config_feature_flag incremental_dexing
    interface_shared_objects java_deps java_header_compilation j2objc_dead_code_removal
    jplPropagateCcLinkParamsStore legacy_external_runfiles legacy_whole_archive objc_use_dotd_pruning
    share_native_deps split_bytecode_optimization_pass use_ijars use_src_ijars
    experimental_enable_objc_cc_deps experimental_prefer_mutual_xcode experimental_j2objc_header_map
    incompatible_always_include_files_in_data incompatible_check_testonly_for_output_files
    incompatible_enable_cc_toolchain_resolution incompatible_merge_genfiles_directory
    incompatible_strict_action_env incompatible_use_python_toolchains incompatible_disallow_legacy_py_provider
    incompatible_py3_is_default incompatible_py2_outputs_are_suffixed incompatible_use_host_features
"""
_TRISTATES: Final = """
    build_python_zip cache_test_results enable_runfiles translations
"""
_LISTS: Final = """
    action_env android_platforms apple_bitcode apple_platforms catalyst_cpus check_constraint conlyopt copt cxxopt
    define dexopts_supported_in_dexmerger dexopts_supported_in_dexsharder dexopts_supported_in_incremental_dexing
    extra_execution_platforms extra_proguard_specs extra_toolchains fat_apk_cpu features flag_alias
    host_action_env host_conlyopt host_copt host_cxxopt host_features host_javacopt host_jvmopt host_linkopt
    host_per_file_copt host_swiftcopt ios_multi_cpus j2objc_translation_flags javacopt jvmopt linkopt
    ltobackendopt ltoindexopt macos_cpus message_translations non_incremental_per_target_dexopts objccopt
    per_file_copt per_file_ltobackendopt platforms plugin protocopt runs_per_test stripopt swiftcopt target_environment
    test_arg test_env toolchain_resolution_override tvos_cpus visionos_cpus watchos_cpus
    experimental_action_listener experimental_add_exec_constraints_to_targets
"""
_TEXTS: Final = """
    android_compiler android_cpu android_crosstool_top android_grte_top android_sdk optimizing_dexer
    apple_compiler apple_crosstool_top
    apple_grte_top apple_platform_type apple_sdk apple_split_cpu auto_cpu_environment_group
    cc_output_directory_tag compiler coverage_output_generator coverage_report_generator coverage_support cpu
    crosstool_top cs_fdo_absolute_path cs_fdo_instrument cs_fdo_profile custom_malloc default_test_resources
    exec_aspects fdo_instrument fdo_optimize fdo_prefetch_hints fdo_profile force_python genclass_top grte_top
    host_compiler host_cpu host_crosstool_top host_force_python host_grte_top host_java_launcher
    host_java_toolchain host_javabase host_macos_minimum_os host_platform ijar_top ios_minimum_os
    ios_sdk_version ios_signing_cert_name ios_simulator_device ios_simulator_version j2objc_dead_code_report
    java_language_version java_launcher java_optimization_mode java_runtime_version java_toolchain javabase
    javabuilder_top javac_bootclasspath javac_extdir java_langtools macos_minimum_os macos_sdk_version
    memprof_profile minimum_os_version modify_execution_info platform_mappings platform_suffix
    proguard_top propeller_optimize propeller_optimize_absolute_cc_profile
    propeller_optimize_absolute_ld_profile proto_compiler proto_profile_path proto_toolchain_for_cc
    proto_toolchain_for_j2objc proto_toolchain_for_java proto_toolchain_for_javalite python2_path python3_path
    python_native_rules_allowlist python_path python_top python_version run_under shell_executable singlejar_top
    target_platform_fallback test_filter tool_java_language_version tool_java_runtime_version tvos_minimum_os
    tvos_sdk_version tvos_simulator_device tvos_simulator_version watchos_minimum_os watchos_sdk_version
    watchos_simulator_device watchos_simulator_version xbinary_fdo xcode_version xcode_version_config
"""
_WITH_DEFAULTS: Final[Mapping[str, str]] = {
    "analysis_testing_deps_limit": "2000",
    "android_dynamic_mode": "off",
    "android_manifest_merger": "android",
    "android_manifest_merger_order": "alphabetical",
    "cc_proto_library_header_suffixes": ".pb.h",
    "cc_proto_library_source_suffixes": ".pb.cc",
    "dynamic_mode": "default",
    "experimental_import_deps_checking": "OFF",
    "experimental_java_classpath": "bazel",
    "experimental_one_version_enforcement": "OFF",
    "experimental_output_paths": "off",
    "experimental_strict_java_deps": "default",
    "fission": "no",
    "instrumentation_filter": "-/javatests[/:],-/test/java[/:]",
    "ios_cpu": "x86_64",
    "min_param_file_size": "32768",
    "strict_proto_deps": "error",
    "strip": "sometimes",
    "test_result_expiration": "-1",
    "test_sharding_strategy": "explicit",
    "test_timeout": "-1",
}


def _options(names: str, kind: OptionKind, default: NativeValue) -> Iterable[tuple[str, NativeOption]]:
    return ((name, NativeOption(kind, default)) for name in names.split())


NATIVE_OPTIONS: Final[Mapping[str, NativeOption]] = {
    **dict(_options(_OFF, OptionKind.BOOLEAN, False)),
    **dict(_options(_ON, OptionKind.BOOLEAN, True)),
    **dict(_options(_TRISTATES, OptionKind.TRISTATE, "auto")),
    **dict(_options(_LISTS, OptionKind.LIST, ())),
    **dict(_options(_TEXTS, OptionKind.TEXT, "")),
    **{name: NativeOption(OptionKind.TEXT, default) for name, default in _WITH_DEFAULTS.items()},
    COMPILATION_MODE: NativeOption(OptionKind.TEXT, "fastbuild", _MODES),
    "host_compilation_mode": NativeOption(OptionKind.TEXT, "opt", _MODES),
}
"""Every option by name, except those that are tried out and off."""
