def _shown(ctx):
    print(ctx.label.name)
    ctx.actions.write(ctx.outputs.executable, "", is_executable = True)

shown_test = rule(_shown, test = True)
