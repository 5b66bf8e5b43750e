"""What the plugin's own program reads, and ours has no need of."""

def modules_mapping(name, wheels = [], tags = [], visibility = None, testonly = None, **_kwargs):
    """The wheels whose modules are listed; wildcards pass over it.

    Args:
      name: name of the target.
      wheels: the wheels.
      tags: tags of the target.
      visibility: who may use it.
      testonly: whether only tests may use it.
      **_kwargs: which modules are left out, which has no effect.
    """
    native.filegroup(
        name = name,
        srcs = wheels,
        tags = tags + ([] if "manual" in tags else ["manual"]),
        testonly = testonly,
        visibility = visibility,
    )
