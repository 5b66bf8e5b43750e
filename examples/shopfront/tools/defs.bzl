"""How this workspace builds a member: its code, its tests, its image."""

load("@aspect_rules_py//py:defs.bzl", "py_image_layer", "py_library", "py_pytest_test")
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index")

def shop_library(name, deps = [], data = [], test_deps = [], visibility = ["//visibility:public"]):
    """The code of a member in `src` and, as `<name>_test`, its tests in `tests`.

    Args:
      name: the name of the library, which is the name of its package below `src`.
      deps: what the code imports.
      data: files that the code reads.
      test_deps: what only the tests import.
      visibility: who may use the code.
    """
    py_library(
        name = name,
        srcs = native.glob(["src/**/*.py"]),
        data = data,
        imports = ["src"],
        visibility = visibility,
        deps = deps,
    )
    py_pytest_test(
        name = name + "_test",
        size = "small",
        srcs = native.glob(["tests/test_*.py"]),
        deps = [":" + name, "@pypi//pytest"] + test_deps,
    )

def shop_image(name, binary, cmd = [], env = {}, visibility = ["//visibility:public"]):
    """As `<name>_image` an image that starts `binary`, and as `<name>_layers` what it adds to the base.

    As `<name>_index`, which wildcards pass over, the images for all platforms.

    Args:
      name: the first part of both names.
      binary: the program.
      cmd: its arguments, unless the container is started with others.
      env: variables of its environment.
      visibility: who may use the image.
    """
    py_image_layer(
        name = name + "_layers",
        binary = binary,
    )
    oci_image(
        name = name + "_image",
        base = "//:base",
        cmd = cmd,
        entrypoint = ["/app"],
        env = env,
        tars = [":" + name + "_layers"],
        user = "65532",
        visibility = visibility,
    )
    oci_image_index(
        name = name + "_index",
        images = [":" + name + "_image"],
        platforms = [
            "//tools:linux_amd64",
            "//tools:linux_arm64",
        ],
        tags = ["manual"],
        visibility = visibility,
    )
