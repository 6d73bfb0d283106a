#!/bin/bash
# Fuzzes every target that was built (`./dev build fuzz fuzz_targets`), or one, two of them at a time.
# usage: fuzz.sh [<seconds per target> [<target>]]
# Begins with the inputs in corpus/ and those that earlier runs kept in build/fuzz/corpus; what it finds is left in build/fuzz.
# Prints a line for each, "<target> holds, 12 inputs" or "<target> FAILED", and in the end "N passed, N failed".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../../build/fuzz
seconds=${1:-10}
only=${2:-}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

fuzz() { # fuzz <program>
    local name=${1##*/} log=$logs/${1##*/} inputs=("$build/corpus/${1##*/}") result=0
    mkdir -p "${inputs[0]}"
    if [ -d "$here/corpus/$name" ]; then inputs+=("$here/corpus/$name"); fi
    # A target that hangs ends by its own -timeout; the other one is for what libFuzzer does not see.
    timeout --kill-after=5 $((seconds + 60)) "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -verbosity=0 -artifact_prefix="$build/$name-" "${inputs[@]}" >"$log" 2>&1 </dev/null || result=$?
    if [ $result = 0 ]; then
        echo "$name holds, $(sed -n 's/^stat::number_of_executed_units: //p' "$log") inputs"
    else
        echo "$name FAILED (exit $result)"
        tail -n 40 "$log" | sed 's/^/    /'
    fi
}

export build seconds logs here
export -f fuzz
found=()
for program in "$build"/bin/fuzz/*; do
    name=$(basename "$program")
    if [ -x "$program" ] && { [ -z "$only" ] || [ "$only" = "$name" ]; }; then found+=("$program"); fi
done
# xargs would mix what two say: each says it at once, when it is done.
printf '%s\n' ${found[@]+"${found[@]}"} | xargs -r -P 2 -I {} bash -c 'said=$(fuzz "$1"); echo "$said"' _ {} | tee "$logs/said"
passed=$(grep -cE '^[a-z_]+ holds' "$logs/said" || true)
failed=$(grep -cE '^[a-z_]+ FAILED' "$logs/said" || true)
echo "$((passed + failed)) targets"
if [ "$passed" != "${#found[@]}" ] && [ "$failed" = 0 ]; then failed=1; fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
