#!/bin/sh
set -e
test -d "$TEST_TMPDIR"
test -d "$TEST_SRCDIR"
test -n "$TEST_WORKSPACE"
test -n "$XML_OUTPUT_FILE"
test "$1" = one
test "$2" = "two words"
test "$(cat "$3")" = data
test -e "$TEST_SRCDIR/$TEST_WORKSPACE/test_environment/data.txt"
test "$SET" = "by rule"
test "$4$TESTBRIDGE_TEST_ONLY" = from -o "$4$TESTBRIDGE_TEST_ONLY" = some.filter
