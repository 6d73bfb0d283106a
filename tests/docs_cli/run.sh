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
ln -s "$(dirname "$binary")/orders" "$work/bin/orders"
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
# Exit codes.
exits() {
    local wanted=$1 got=0
    shift
    "$@" >got.output 2>&1 </dev/null || got=$?
    if [ "$got" = "$wanted" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: exit code %s, not %s, of: %s\n' "$got" "$wanted" "$*"
        cat got.output
    fi
}
faulty='orders debug-adapter --with-bug'
exits 0 foldback find orders/42 --first '/total < -999'
exits 1 foldback find 'orders/*' --first '/total < 0'
exits 0 foldback shrink orders/42 --keep '/total < 0' --json
exits 4 foldback find 'nothing/*' --first '/total < 0'
exits 2 foldback find 'orders/*' --first '/total <'
exits 1 foldback shrink orders/42 --keep '/total > 9999'
exits 0 foldback bisect orders/42 --bad 2 --run '! grep -q total.:-' --json
exits 1 foldback bisect orders/42 --run true
exits 1 foldback bisect orders/42 --run false
exits 1 foldback bisect orders/42 --bad 2 --run 'exit 127'
exits 1 foldback bisect orders/42 --bad 2 --run 'kill $$'
exits 2 foldback bisect orders/42 --bad 2 --run 'exit 125'
exits 2 foldback bisect orders/42 --good 2 --bad 1 --run false
exits 0 foldback compare orders/77 --old orders --new orders
exits 1 foldback compare orders/77 --old orders --new "$faulty" --json
exits 1 foldback compare orders/77 --old orders --new /bin/true
exits 1 foldback compare orders/77 --old orders --new 'echo nonsense; cat'
exits 4 foldback compare 'nothing/*' --old orders --new orders
exits 4 foldback compare orders/none --old orders --new orders
exits 7 foldback compare orders/77 --old orders --new 'exec sleep 600' --timeout-ms 200
exits 0 foldback trace 7f3c --json
exits 4 foldback trace nothing
exits 2 foldback trace orders/42 --event 9
exits 2 foldback show orders/42 --at 9
exits 2 foldback export - --as doctest
exits 4 foldback show orders/none
exits 4 foldback show orders/42 --lens none
exits 3 foldback show orders/42 --url http://127.0.0.1:1/v1/stream
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
check "The streams there are: foldback list orders/" foldback show orders/none
check "Choose another name: --save-as" foldback whatif orders/42 --skip 2 --save-as debug/orders/42-fix
exits 5 foldback whatif orders/42 --skip 2 --save-as debug/orders/42-fix
exits 6 foldback whatif orders/42 --skip 2 --save-as orders/42-fix
check "a field of the state is written /total" foldback find orders/42 --first 'total < 0'
check "1 event more: --from 3" foldback log orders/42 --limit 2
check "     3  " foldback log orders/42 --from -1
exits 2 foldback log orders/42 --from -0
exits 2 foldback trace ''
check "! 2 events before not decoded, so this may be wrong; the first: event 1" foldback show orders/42 --lens json-patch
check "! 3 events before not decoded, so this may be wrong" foldback find orders/42 --lens json-patch --first '/nothing = 1'
check "! what if: event 3 is not decoded, so it changes nothing" foldback whatif orders/42 --lens json-patch --replace '3={}'
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
mkdir beside
cp -r stored beside/store
check "There is one in beside/store" foldback show orders/42 --data beside
check "orders/42: The stream has the moments 0 to 3, not 9." foldback show orders/42 --at 9 --data stored
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
