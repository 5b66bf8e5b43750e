"""The module extension with which MODULE.bazel files name packages of Debian archives.

`venvship lock` makes the lock file; nothing in it names a host. A package is downloaded when something needs it, from
the mirrors of the tag, or else from those of the machine.
"""

_PACKAGE = """\
load("@venvship//oci:defs.bzl", "debian_package")

debian_package(
    name = "package",
    architecture = {architecture},
    deb = {file},
    package = {name},
    sha256 = {sha256},
    version = {version},
    visibility = ["//visibility:public"],
)
"""

_CHOICE = """\
alias(
    name = {name},
    actual = select({{
{choices}    }}, no_match_error = {problem}),
    visibility = ["//visibility:public"],
)
"""

_ALL = """\
load("@venvship//oci:defs.bzl", "debian_packages")

debian_packages(
    name = "packages",
    packages = select({{
{choices}    }}, no_match_error = {problem}),
    visibility = ["//visibility:public"],
)
"""

# What Debian and the platforms module call the same processors.
_CPUS = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "armhf": "armv7",
    "i386": "x86_32",
    "ppc64el": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}

def _package_repository(ctx):
    file = ctx.attr.package + ".deb"
    ctx.download(
        [mirror.rstrip("/") + "/" + ctx.attr.path for mirror in ctx.attr.mirrors] + ["debian:" + ctx.attr.path],
        output = file,
        sha256 = ctx.attr.sha256,
    )
    ctx.file("BUILD.bazel", _PACKAGE.format(
        architecture = repr(ctx.attr.architecture),
        file = repr(file),
        name = repr(ctx.attr.package),
        sha256 = repr(ctx.attr.sha256),
        version = repr(ctx.attr.version),
    ), executable = False)

_package = repository_rule(
    implementation = _package_repository,
    attrs = {
        "architecture": attr.string(mandatory = True),
        "mirrors": attr.string_list(),
        "package": attr.string(mandatory = True),
        "path": attr.string(mandatory = True),
        "sha256": attr.string(mandatory = True),
        "version": attr.string(mandatory = True),
    },
)

def _of_python(version):
    return ["libpython%s-minimal" % version, "libpython%s-stdlib" % version, "python%s-minimal" % version]

def _hub_repository(ctx):
    interpreter = _of_python(ctx.attr.python_version)
    problem = "the lock has packages for " + ", ".join(sorted(ctx.attr.repositories)) + " only"
    names = {}
    everything = ""
    for architecture in sorted(ctx.attr.repositories):
        repositories = json.decode(ctx.attr.repositories[architecture])
        condition = "@platforms//cpu:" + _CPUS[architecture]
        labels = ["@{}//:package".format(repositories[name]) for name in sorted(repositories) if name not in interpreter]
        everything += "        {}: {},\n".format(repr(condition), repr(labels))
        for name in sorted(repositories):
            names.setdefault(name, []).append((condition, "@{}//:package".format(repositories[name])))
    ctx.file("BUILD.bazel", _ALL.format(choices = everything, problem = repr(problem)), executable = False)
    for name in names:
        choices = "".join(["        {}: {},\n".format(repr(key), repr(label)) for key, label in names[name]])
        text = _CHOICE.format(name = repr(name), choices = choices, problem = repr(problem))
        ctx.file(name + "/BUILD.bazel", text, executable = False)

_hub = repository_rule(
    implementation = _hub_repository,
    attrs = {
        # The interpreter is a layer of its own, so its packages are not among all.
        "python_version": attr.string(),
        # By architecture, a JSON object of repositories by package.
        "repositories": attr.string_dict(mandatory = True),
    },
)

def _locked(ctx, tag):
    path = ctx.path(tag.lock)
    if not path.exists:
        fail("debian.packages(name = \"{}\"): there is no lock file `{}`. Make it with `venvship lock`".format(
            tag.name,
            tag.lock,
        ))
    lock = json.decode(ctx.read(tag.lock), default = None)
    if type(lock) != "dict" or lock.get("version") != 1 or type(lock.get("packages")) != "dict":
        fail("debian.packages(name = \"{}\"): `{}` is no lock of Debian packages. Make it with `venvship lock`".format(
            tag.name,
            tag.lock,
        ))
    return lock["packages"]

def _debian(ctx):
    taken = {}
    for module in ctx.modules:
        for tag in module.tags.packages:
            if tag.name in taken:
                fail("debian.packages(name = \"{}\") is said twice, by the modules `{}` and `{}`".format(
                    tag.name,
                    taken[tag.name],
                    module.name,
                ))
            taken[tag.name] = module.name
            repositories = {}
            for architecture, packages in _locked(ctx, tag).items():
                if architecture not in _CPUS:
                    fail("`{}` has packages for the unknown architecture `{}`".format(tag.lock, architecture))
                names = {}
                for package in packages:
                    # A plus has a meaning in names of repositories.
                    name = "{}_{}_{}".format(tag.name, architecture, package["name"].replace("+", "_plus"))
                    _package(
                        name = name,
                        architecture = package["architecture"],
                        mirrors = tag.mirrors,
                        package = package["name"],
                        path = package["path"],
                        sha256 = package["sha256"],
                        version = package["version"],
                    )
                    names[package["name"]] = name
                repositories[architecture] = json.encode(names)
            _hub(name = tag.name, python_version = tag.python_version, repositories = repositories)

debian = module_extension(
    implementation = _debian,
    tag_classes = {
        "packages": tag_class(attrs = {
            "architectures": attr.string_list(),
            "component": attr.string(default = "main"),
            "exclude": attr.string_list(),
            "keyring": attr.label(),
            "lock": attr.label(mandatory = True),
            "mirrors": attr.string_list(),
            "name": attr.string(mandatory = True),
            "packages": attr.string_list(),
            "python_version": attr.string(),
            "suites": attr.string_list(),
            "trusted": attr.bool(),
        }),
    },
)
