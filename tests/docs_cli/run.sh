#!/usr/bin/env bash
# The command line sessions of docs/debugger.md: each command is run and what it prints is compared with the document.
# Times are not compared. usage: run.sh [path-to-binary]
# Ends with a line "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
binary=$(realpath "${1:-$root/build/release/bin/foldback}")
work=$(mktemp -d)
server=
# shellcheck disable=SC2329  # called by the trap
clean_up() {
    if [ -n "$server" ]; then kill -KILL "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap clean_up EXIT
while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(FOLDBACK_|STREAM_)')
export FOLDBACK_CONFIG=$work/empty.toml
: >"$FOLDBACK_CONFIG"
mkdir "$work/bin"
ln -s "$binary" "$work/bin/foldback"
export PATH=$work/bin:$PATH
cd "$work"

mkfifo log
foldback serve --debug --memory --listen 127.0.0.1:0 --log-format json 2>log &
server=$!
exec 3<log
while read -r -t 20 line <&3; do
    if [[ $line =~ \"url\":\"([^\"]*)/\" ]]; then break; fi
done
export STREAM_URL=${BASH_REMATCH[1]}

without_times() { sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/<time>/g'; }

# The commands of the blocks ```console, each with the lines that follow it, in files command.N and wanted.N.
awk '/^```console$/ { inside = 1; next } /^```$/ { inside = 0 }
     inside && /^\$ / { n++; print substr($0, 3) > ("command." n); printf "" > ("wanted." n); next }
     inside { print > ("wanted." n) }' "$root/docs/debugger.md"

passed=0
failed=0
for ((n = 1; ; n++)); do
    [ -e "command.$n" ] || break
    bash "command.$n" >"got.$n" 2>&1 </dev/null || true
    if diff <(without_times <"wanted.$n") <(without_times <"got.$n") >difference; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$(cat "command.$n")"
        cat difference
    fi
done
# The same over a data directory that nobody serves; nothing is written.
check() {
    local wanted=$1
    shift
    if { "$@" 2>&1 </dev/null || true; } | grep -F -- "$wanted" >/dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: "%s" in the output of: %s\n' "$wanted" "$*"
    fi
}
coproc foldback serve --data stored --listen 127.0.0.1:0 --log-format json 2>&1
while read -r -t 20 line <&"${COPROC[0]}"; do
    if [[ $line =~ \"url\":\"([^\"]*)/\" ]]; then break; fi
done
STREAM_URL=${BASH_REMATCH[1]}
bash command.1 && bash command.2
check "has no debugger" foldback show orders/42
kill "$COPROC_PID"
wait "$COPROC_PID" || true
check "event 2 of 3" foldback show orders/42 --at 2 --data stored
check "orders/42  event 2" foldback find --first '/total < 0' --data stored
check "2 events instead of 3" foldback whatif orders/42 --skip 2 --data stored
check "orders/42: The stream has the moments 0 to 3, not 9." foldback show orders/42 --at 9 --data stored
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
