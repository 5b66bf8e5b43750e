# Finds files by their runfiles paths: `rlocation REPOSITORY/PATH` prints where one is, or fails.

if [[ -z "${RUNFILES_DIR:-}" && -z "${RUNFILES_MANIFEST_FILE:-}" ]]; then
  if [[ -n "${TEST_SRCDIR:-}" ]]; then
    export RUNFILES_DIR="$TEST_SRCDIR"
  elif [[ -d "$0.runfiles" ]]; then
    export RUNFILES_DIR="$0.runfiles"
  elif [[ "$0" == *.runfiles/* ]]; then
    export RUNFILES_DIR="${0%%.runfiles/*}.runfiles"
  fi
fi

rlocation() {
  local path="${1:-}" line
  if [[ -z "$path" || "$path" == ../* || "$path" == */../* || "$path" == ./* ]]; then
    echo >&2 "rlocation: \`$path\` is not a runfiles path"
    return 1
  fi
  if [[ "$path" == /* ]]; then
    echo "$path"
    return 0
  fi
  if [[ -e "${RUNFILES_DIR:-/dev/null}/$path" ]]; then
    echo "$RUNFILES_DIR/$path"
    return 0
  fi
  if [[ -f "${RUNFILES_MANIFEST_FILE:-/dev/null}" ]]; then
    line="$(grep -m1 -F -- "$path " "$RUNFILES_MANIFEST_FILE" | grep -m1 "^$path " || true)"
    if [[ -n "$line" ]]; then
      echo "${line#* }"
      return 0
    fi
  fi
  return 1
}

# Lets programs that are started from here find the same files.
runfiles_export_envvars() {
  if [[ -n "${RUNFILES_DIR:-}" ]]; then
    export RUNFILES_DIR
  elif [[ -n "${RUNFILES_MANIFEST_FILE:-}" ]]; then
    export RUNFILES_MANIFEST_FILE
  else
    return 1
  fi
}

runfiles_current_repository() {
  local file="${BASH_SOURCE[${1:-1}]:-}" inside
  inside="${file##*.runfiles/}"
  if [[ "$inside" == "$file" || "$inside" == _main/* ]]; then
    echo ""
  else
    echo "${inside%%/*}"
  fi
}

export -f rlocation runfiles_export_envvars runfiles_current_repository
