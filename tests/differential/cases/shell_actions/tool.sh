#!/bin/sh
echo "tool: $# args: $1 | $2" > "$3"
