"""Scripts that make a venv the current one of an interactive shell.

Each finds the venv from its own place, so a venv may be moved, and takes back what it changed through `deactivate`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_POSIX: Final = """\
# Source this from bash or zsh; leave with `deactivate`.

if [ -n "${BASH_VERSION:-}" ]; then
    _venv_script="${BASH_SOURCE[0]}"
elif [ -n "${ZSH_VERSION:-}" ]; then
    # Other shells can't parse this expansion, so only zsh may see it.
    eval '_venv_script="${(%):-%x}"'
else
    _venv_script=""
fi

case "$_venv_script" in
*/*) _venv_bin="${_venv_script%/*}" ;;
*) _venv_bin="." ;;
esac

if [ -n "$_venv_script" ]; then
    if [ -n "$(command -v deactivate)" ] && [ -n "${_VENV_ACTIVE:-}" ]; then deactivate; fi

    deactivate () {
        PATH="$_VENV_OLD_PATH"
        export PATH
        if [ -n "${_VENV_OLD_PYTHONHOME:-}" ]; then
            PYTHONHOME="$_VENV_OLD_PYTHONHOME"
            export PYTHONHOME
        fi
        if [ -n "${_VENV_HAD_PS1:-}" ]; then PS1="$_VENV_OLD_PS1"; fi
        unset @NAMES@
        unset _VENV_OLD_PATH _VENV_OLD_PYTHONHOME _VENV_HAD_PS1 _VENV_OLD_PS1 _VENV_ACTIVE
        unset -f deactivate
        hash -r 2> /dev/null
        return 0
    }

    VIRTUAL_ENV="$(CDPATH= cd -- "$_venv_bin/.." > /dev/null && pwd)"
    export VIRTUAL_ENV
    VIRTUAL_ENV_PROMPT=@PROMPT@
    export VIRTUAL_ENV_PROMPT
@EXPORTS@
    _VENV_ACTIVE=1
    _VENV_OLD_PATH="$PATH"
    PATH="$VIRTUAL_ENV/bin:$PATH"
    export PATH
    _VENV_OLD_PYTHONHOME="${PYTHONHOME:-}"
    unset PYTHONHOME
    if [ -z "${VIRTUAL_ENV_DISABLE_PROMPT:-}" ] && [ -n "${PS1+set}" ]; then
        _VENV_HAD_PS1=1
        _VENV_OLD_PS1="$PS1"
        PS1="(${VIRTUAL_ENV_PROMPT}) $PS1"
    fi
    hash -r 2> /dev/null
    unset _venv_script _venv_bin
else
    unset _venv_script _venv_bin
    echo "activate: only bash and zsh tell a script where it lies" >&2
    false
fi
"""

_FISH: Final = """\
# Source this from fish; leave with `deactivate`.

if functions -q deactivate; and set -q _VENV_OLD_PATH
    deactivate
end

function deactivate -d "Leave the virtual environment"
    set -gx PATH $_VENV_OLD_PATH
    if set -q _VENV_OLD_PYTHONHOME
        set -gx PYTHONHOME $_VENV_OLD_PYTHONHOME
    end
    if functions -q _venv_old_prompt
        functions -e fish_prompt
        functions -c _venv_old_prompt fish_prompt
        functions -e _venv_old_prompt
    end
    for name in @NAMES@
        set -e $name
    end
    set -e _VENV_OLD_PATH
    set -e _VENV_OLD_PYTHONHOME
    functions -e deactivate
end

# A command substitution of fish changes the directory of the shell itself, so it has to go back.
set -l _venv_back $PWD
builtin cd (string replace -r '[^/]*$' '' -- (status --current-filename) | string replace -r '^$' '.')/..
set -gx VIRTUAL_ENV $PWD
builtin cd $_venv_back

set -gx VIRTUAL_ENV_PROMPT @PROMPT@
@EXPORTS@
set -g _VENV_OLD_PATH $PATH
set -gx PATH $VIRTUAL_ENV/bin $PATH
if set -q PYTHONHOME
    set -g _VENV_OLD_PYTHONHOME $PYTHONHOME
    set -e PYTHONHOME
end
if test -z "$VIRTUAL_ENV_DISABLE_PROMPT"; and functions -q fish_prompt
    functions -c fish_prompt _venv_old_prompt
    function fish_prompt
        # The prompt may show the status of the last command.
        set -l _venv_status $status
        printf '(%s) ' $VIRTUAL_ENV_PROMPT
        sh -c "exit $_venv_status"
        _venv_old_prompt
    end
end
"""

_CSH: Final = """\
# Source this from csh or tcsh; leave with `deactivate`.

# The line that sources this, as typed, is all that tells where it lies; a script has no such line.
set _venv_line = ($_)
set _venv_line = "$_venv_line"
if ( "$_venv_line" == "" ) then
    if ( ! $?_venv_activate ) then
        echo "activate.csh: set _venv_activate to the path of this script before sourcing it in a script"
        exit 1
    endif
    set _venv_line = "source $_venv_activate"
endif
set _venv_words = (`printf '%s' "$_venv_line" | tr -d '\\042\\047' | sed -e 's/.*source *//' -e 's/ *[;&|].*//'`)
set _venv_words = (`printf '%s' "$_venv_words" | sed -e "s|^~/|$HOME/|"`)
set _venv_script = "$_venv_words"
set _venv_bin = "$_venv_script:h"
if ( "$_venv_bin" == "$_venv_script" ) set _venv_bin = "."
set _venv_words = (`sh -c 'CDPATH= cd -- "$1/.." && pwd' sh "$_venv_bin"`)

if ( $?_VENV_OLD_PATH ) then
    deactivate
endif
# An alias is one line, and only `&&` keeps csh from expanding what is not set.
alias deactivate 'setenv PATH "$_VENV_OLD_PATH"; \
test $?_VENV_OLD_PYTHONHOME != 0 && setenv PYTHONHOME "$_VENV_OLD_PYTHONHOME"; \
test $?_VENV_OLD_PROMPT != 0 && set prompt = "$_VENV_OLD_PROMPT:q"; \
@UNSETENVS@unset _VENV_OLD_PATH _VENV_OLD_PYTHONHOME _VENV_OLD_PROMPT; rehash; unalias deactivate'

setenv VIRTUAL_ENV "$_venv_words"
setenv VIRTUAL_ENV_PROMPT @PROMPT@
@EXPORTS@
set _VENV_OLD_PATH = "$PATH"
setenv PATH "${VIRTUAL_ENV}/bin:${PATH}"
if ( $?PYTHONHOME ) then
    set _VENV_OLD_PYTHONHOME = "$PYTHONHOME"
    unsetenv PYTHONHOME
endif
if ( $?prompt && ! $?VIRTUAL_ENV_DISABLE_PROMPT ) then
    set _VENV_OLD_PROMPT = "$prompt:q"
    set prompt = "(${VIRTUAL_ENV_PROMPT:q}) $prompt:q"
endif
unset _venv_line _venv_words _venv_script _venv_bin
rehash
"""

_POWERSHELL: Final = """\
# Dot-source this from PowerShell; leave with `deactivate`.

if (Test-Path Function:deactivate) { deactivate }

$global:_VENV_OLD_PATH = $env:PATH
$global:_VENV_OLD_PYTHONHOME = $env:PYTHONHOME

function global:deactivate {
    $env:PATH = $global:_VENV_OLD_PATH
    if ($global:_VENV_OLD_PYTHONHOME) { $env:PYTHONHOME = $global:_VENV_OLD_PYTHONHOME }
    if (Test-Path Function:_venv_old_prompt) {
        Copy-Item Function:_venv_old_prompt Function:prompt -Force
        Remove-Item Function:_venv_old_prompt
    }
    foreach ($name in @NAMES@) { Remove-Item "Env:$name" -ErrorAction SilentlyContinue }
    Remove-Variable _VENV_OLD_PATH, _VENV_OLD_PYTHONHOME -Scope Global -ErrorAction SilentlyContinue
    Remove-Item Function:deactivate
}

$env:VIRTUAL_ENV = Split-Path -Parent $PSScriptRoot
$env:VIRTUAL_ENV_PROMPT = @PROMPT@
@EXPORTS@
$env:PATH = (Join-Path $env:VIRTUAL_ENV 'bin') + [System.IO.Path]::PathSeparator + $env:PATH
if ($env:PYTHONHOME) { Remove-Item Env:PYTHONHOME }
if (-not $env:VIRTUAL_ENV_DISABLE_PROMPT) {
    Copy-Item Function:prompt Function:global:_venv_old_prompt
    function global:prompt { "($env:VIRTUAL_ENV_PROMPT) " + (_venv_old_prompt) }
}
"""


def activation_scripts(prompt: str, environment: Mapping[str, str]) -> dict[str, bytes]:
    """The scripts by file name; each exports `environment` besides `VIRTUAL_ENV` and `PATH`.

    Raises ValueError for a name that no shell takes as a variable.
    """
    for name in environment:
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"not a variable name: {name!r}")
    variables = sorted(environment.items())
    names = ["VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", *(name for name, _ in variables)]
    texts = {
        "activate": _filled(
            _POSIX,
            NAMES=" ".join(names),
            PROMPT=_posix(prompt),
            EXPORTS="".join(f"    {name}={_posix(value)}\n    export {name}\n" for name, value in variables),
        ),
        "activate.fish": _filled(
            _FISH,
            NAMES=" ".join(names),
            PROMPT=_fish(prompt),
            EXPORTS="".join(f"set -gx {name} {_fish(value)}\n" for name, value in variables),
        ),
        "activate.csh": _filled(
            _CSH,
            UNSETENVS="".join(f"unsetenv {name}; " for name in names),
            PROMPT=_csh(prompt),
            EXPORTS="".join(f"setenv {name} {_csh(value)}\n" for name, value in variables),
        ),
        "Activate.ps1": _filled(
            _POWERSHELL,
            NAMES=", ".join(_powershell(name) for name in names),
            PROMPT=_powershell(prompt),
            EXPORTS="".join(f"$env:{name} = {_powershell(value)}\n" for name, value in variables),
        ),
    }
    return {name: text.encode() for name, text in texts.items()}


def _filled(template: str, **values: str) -> str:
    # Line breaks that belong to a list of lines are those of its lines.
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]].removesuffix("\n"), template)


def _posix(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _csh(text: str) -> str:
    # History substitution works within single quotes, and a line break needs a backslash.
    return "'" + text.replace("'", "'\\''").replace("!", "\\!").replace("\n", "\\\n") + "'"


def _powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
