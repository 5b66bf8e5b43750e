"""What the tool that reads these files can do."""

_VERSION = native.bazel_version

bazel_features = struct(
    apple = struct(
        xcode_config_migrated = True,
    ),
    cc = struct(
        cc_common_is_in_rules_cc = True,
        find_cpp_toolchain_has_mandatory_param = True,
        grep_includes_is_optional = True,
        objc_linking_info_migrated = True,
        protobuf_on_allowlist = True,
        swift_fragment_removed = True,
    ),
    docs = struct(
        kwargs_name_changed = True,
        utf8_enabled = True,
    ),
    external_deps = struct(
        bazel_mod_tidy = False,
        download_has_block_param = True,
        download_has_headers_param = True,
        extension_metadata_has_reproducible = True,
        is_bzlmod_enabled = True,
        isolated_module_extension_usages_supported = True,
        module_extension_has_os_arch_dependent = True,
        repo_rules_relativize_symlinks = False,
    ),
    flags = struct(
        allow_unresolved_symlinks = None,
    ),
    globals = struct(
        DefaultInfo = DefaultInfo,
        RunEnvironmentInfo = RunEnvironmentInfo,
        PackageSpecificationInfo = PackageSpecificationInfo,
        macro = macro,
        set = set,
        subrule = subrule,
    ),
    java = struct(
        java_info_constructor_module_flags = False,
    ),
    proto = struct(
        starlark_proto_info = True,
    ),
    python = struct(),
    rules = struct(
        all_treeartifacts_have_dirs = True,
        analysis_tests_can_transition_on_experimental_incompatible_flags = True,
        expand_directories_is_deprecated = False,
        is_tool_configuration_public = False,
        merkle_cache_v2 = False,
        no_c_plus_plus_flag = True,
        permits_treeartifact_uplevel_symlinks = True,
        rule_extension_apis_available = True,
        supports_toolchains_aspects_star = True,
        test_runner_respects_shell_builtins = True,
    ),
    toolchains = struct(
        genrule_accepts_toolchain_types = True,
        has_default_test_toolchain_type = False,
        has_optional_toolchains = True,
        has_use_target_platform_constraints = False,
    ),
)
