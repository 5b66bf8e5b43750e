_SHOWN = ["name", "kind", "srcs", "data", "tags", "output_group", "features", "generator_function", "generator_name"]

def look(name):
    native.filegroup(name = name, srcs = ["a.txt", ":other", "//existing_rules:BUILD"], tags = ["x"])
    rule = native.existing_rule(name)
    print({key: rule[key] for key in _SHOWN})
    print("testonly" in rule, "deprecation" in rule, "_private" in rule)
    print(native.existing_rule("nothing"), sorted(native.existing_rules().keys()))
    made = native.existing_rule("made")
    print(made["kind"], made["outs"], made["cmd"], made["executable"], made["tools"], "output_to_bindir" in made)
