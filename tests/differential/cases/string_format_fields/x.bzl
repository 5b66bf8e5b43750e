def main():
    print("{} {}".format(1, "two"), "{1} {0}".format("a", "b"), "{a}{b}{a}".format(a = 1, b = None), "{{}} {}".format([1]), "{0}{0}".format("x"))
    print("{} {!r}".format("a", "b") if False else "skipped", "{x} {}".format(1, x = "k"), "}}{{".format())
    print("a%sb" % "x", "%s %s" % ("a", 1), "%d %d" % (3, -4), "%r %s" % ("q", "q"), "100%%" % (), "%s" % ([1, 2],), "%s" % [1, 2], "%s" % (("t",),))
    print("%s" % None, "%s" % {"a": (1,)}, "%d" % 3.9)
    print("%e %f %g" % (1.5, 1.5, 1.5), "%g %g" % (1e20, 1.0), "%f" % 3)
