"""What repository rules share: build files, patches and credentials."""

def workspace_and_buildfile(ctx):
    """Gives the repository the BUILD file that its attributes ask for."""
    if ctx.attr.build_file and ctx.attr.build_file_content:
        fail("Only one of build_file and build_file_content can be provided.")
    if ctx.attr.build_file or ctx.attr.build_file_content:
        ctx.delete("BUILD.bazel")
        ctx.delete("BUILD")
    if ctx.attr.build_file:
        ctx.file("BUILD.bazel", ctx.read(ctx.attr.build_file), executable = False)
    elif ctx.attr.build_file_content:
        ctx.file("BUILD.bazel", ctx.attr.build_file_content, executable = False)

def _attribute(ctx, name, default):
    return getattr(ctx.attr, name, default)

def patch(ctx, patches = None, patch_cmds = None, patch_cmds_win = None, patch_tool = None, patch_args = None, auth = None):
    """Applies the patches and runs the commands that the attributes of the rule name."""
    if patches == None:
        patches = _attribute(ctx, "patches", [])
    if patch_cmds == None:
        patch_cmds = _attribute(ctx, "patch_cmds", [])
    if patch_args == None:
        patch_args = _attribute(ctx, "patch_args", [])
    strip = _attribute(ctx, "patch_strip", 0)
    for argument in patch_args:
        if argument.startswith("-p") and argument[2:].isdigit():
            strip = int(argument[2:])
        elif argument.startswith("--strip=") and argument[8:].isdigit():
            strip = int(argument[8:])
        else:
            fail("patch_args: {} is not supported, only -p and --strip are".format(argument))
    for url in _attribute(ctx, "remote_patches", {}):
        name = ".tmp_remote_patches/" + url.rpartition("/")[2]
        ctx.download(
            url = url,
            output = name,
            integrity = ctx.attr.remote_patches[url],
            auth = auth or get_auth(ctx, [url]),
        )
        ctx.patch(ctx.path(name), _attribute(ctx, "remote_patch_strip", 0))
        ctx.delete(".tmp_remote_patches")
    for one in patches:
        ctx.patch(one, strip)
    for command in patch_cmds:
        result = ctx.execute(["bash", "-c", command])
        if result.return_code:
            fail("Error applying patch command {}:\n{}{}".format(command, result.stdout, result.stderr))

def update_attrs(orig, keys, override):
    """The attributes of `orig` named in `keys`, with those of `override` instead where it has them."""
    result = {key: getattr(orig, key) for key in keys if getattr(orig, key) != None}
    result["name"] = orig.name
    result.update(override)
    return result

def maybe(repo_rule, name, **kwargs):
    """Calls a repository rule; in module extensions every name is asked for once."""
    repo_rule(name = name, **kwargs)

def parse_netrc(contents, filename = None):
    """The logins of a netrc file by machine; `""` is the default one."""
    found = {}
    words = []
    in_macro = False
    for line in contents.splitlines():
        if line.startswith("#"):
            continue
        if in_macro:
            in_macro = bool(line.strip())
            continue
        if line.strip().startswith("macdef"):
            in_macro = True
            continue
        words.extend([word for word in line.replace("\t", " ").split(" ") if word])
    current = None
    key = None
    for word in words:
        if key == "machine":
            current = {}
            if word not in found:
                found[word] = current
            key = None
        elif key:
            if current != None:
                current[key] = word
            key = None
        elif word == "default":
            current = {}
            found[""] = current
        elif word in ("machine", "login", "password", "account"):
            key = word
        else:
            fail("Unexpected word {} in {}".format(word, filename or "a netrc file"))
    return found

def read_netrc(ctx, filename):
    """The logins of the netrc file at a path."""
    return parse_netrc(ctx.read(filename), filename)

def read_user_netrc(ctx):
    """The logins of the user's netrc file, none when there is no such file."""
    home = ctx.getenv("NETRC")
    if not home:
        directory = ctx.getenv("HOME")
        home = directory + "/.netrc" if directory else None
    if not home or not ctx.path(home).exists:
        return {}
    return read_netrc(ctx, home)

def use_netrc(netrc, urls, patterns):
    """Credentials for addresses, as `auth` of downloads takes them."""
    auth = {}
    for url in urls:
        _, _, rest = url.partition("://")
        if not (url.startswith("http://") or url.startswith("https://")):
            continue
        host = rest.partition("/")[0].rpartition("@")[2].partition(":")[0]
        login = netrc.get(host)
        if not login:
            continue
        if host in patterns:
            auth[url] = {
                "type": "pattern",
                "pattern": patterns[host],
                "login": login.get("login", ""),
                "password": login.get("password", ""),
            }
        elif login.get("login") or login.get("password"):
            auth[url] = {
                "type": "basic",
                "login": login.get("login", ""),
                "password": login.get("password", ""),
            }
    return auth

def get_auth(ctx, urls):
    """Credentials for addresses from the netrc file that the rule names, or from the user's."""
    named = _attribute(ctx, "netrc", "")
    netrc = read_netrc(ctx, named) if named else read_user_netrc(ctx)
    return use_netrc(netrc, urls, _attribute(ctx, "auth_patterns", {}))
