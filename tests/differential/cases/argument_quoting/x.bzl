def _r(ctx):
    a = ctx.actions.args()
    for text in ["plain", "a=b", "--flag=value", "a b", "", "it's", "a,b:c@d+e%f.g/h-i_j", "~", "a~", "#", "a#b", "*", "?", "[x]", "{a}", "a;b", "$x", "!", "(", "<", "a\\b", "é", "a|b", "^"]:
        a.add(text)
    w = ctx.actions.declare_file("w.txt")
    ctx.actions.write(w, a)
    return [DefaultInfo(files = depset([w]))]

r = rule(_r)
