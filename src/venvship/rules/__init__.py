"""The built-in rules: typed functions on `RuleContext`."""
