#!/usr/bin/env bash
# Compiles each file of cases/. Its first line says what must come of it: `// compiles`, or `// error: ` and a text that the
# compiler's first error line must contain.
# usage: run.sh <include dir> <c++ compiler> [<further include dir>...]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
include=${1:-$here/../../framework/include}
compiler=${2:-c++}
flags=(-std=c++20 -fsyntax-only -I "$include" -I "$here")
for directory in "${@:3}"; do flags+=(-isystem "$directory"); done

source "$here/../harness/counts.sh"

for file in "$here"/cases/*.cpp; do
    name=$(basename "$file" .cpp)
    expected=$(head -n 1 "$file")
    if output=$(LC_ALL=C "$compiler" "${flags[@]}" "$file" 2>&1); then compiled=true; else compiled=false; fi
    case $expected in
        '// compiles')
            if $compiled; then pass; else fail "$name should compile:"$'\n'"$output"; fi
            ;;
        '// error: '*)
            expected=${expected#// error: }
            first=$(grep -m 1 -E '(^|: )(fatal )?error: ' <<<"$output" || true)
            if $compiled; then
                fail "$name should not compile"
            elif [[ $first == *"$expected"* ]]; then
                pass
            else
                fail "$name: expected in the first error: $expected"$'\n'"it was: $first"
            fi
            ;;
        *) fail "$name says in its first line neither '// compiles' nor '// error: …'" ;;
    esac
done

finish
