#!/usr/bin/env bash
# docs/errors.md names every code that the source gives, with its status, and no other.
# usage: run.sh [<source dir>]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/../harness/counts.sh"
cd "${1:-$here/../..}"

# same <what> <list of the source> <list of the page>
same() {
    local missing
    if [ -z "$2" ]; then
        fail "no $1 was found in the source"
    elif missing=$(diff <(sort -u <<<"$2") <(sort -u <<<"$3")); then
        pass
    else
        fail "$1: \"<\" is not in docs/errors.md, \">\" is not in the source"$'\n'"$missing"
    fi
}

of_page() { grep -oE "^\| [0-9]{3} \| \`$1\`" docs/errors.md | sed -E 's/^\| ([0-9]+) \| `(.*)`$/\1 \2/'; }

code='"[a-z]+(-[a-z]+)*"'
problems=$(
    grep -rhozE "\b[45][0-9]{2},[[:space:]]*$code|bad_request\($code|\.status = [45][0-9]{2}, \.code = $code" server/src | tr '\0' '\n' |
        sed -E 's/bad_request\(/400, /; s/\.status = ([0-9]+), \.code =/\1,/' | tr -d '\n' | grep -oE "[45][0-9]{2}, *$code" |
        sed -E 's/, *"/ /; s/"$//'
    # Given by a function of the file that knows the status.
    grep -rhoE "\bbad\($code" server/src/debugger | sed -E 's/bad\("/400 /; s/"$//'
    grep -rhoE "\brefusal\($code" server/src/access | sed -E 's/refusal\("/403 /; s/"$//'
)
same "problem codes" "$problems" "$(of_page '[a-z-]+')"

names=$(grep -oE '"[A-Z_]+"' server/src/subscriptions/rejections.hpp | tr -d '"')
same "codes of subscriptions" "$names" "$(of_page '[A-Z_]+' | cut -d' ' -f2)"

refusals=$(sed -n '/^enum class Refusal/,/^};/p' framework/include/foldback/store/errors.hpp | grep -oE '^    [a-z_]+' | tr -d ' ' | tr _ -)
unnamed=$(comm -23 <(sort <<<"$refusals") <(of_page '[a-z-]+' | cut -d' ' -f2 | sort -u))
same "refusals without a code" "none$unnamed" none

thrown=$(grep -rhoE 'class [A-Za-z]+ (final )?: public [A-Za-z:]*(error|Error|exception)' framework/include | awk '{print $2}' | grep -v ClientError)
same "exceptions" "$thrown" "$(grep -oE '`[A-Z][A-Za-z]+`' docs/errors.md | tr -d '`' | grep -Fx "$thrown")"

finish
