# run_node_tests <file>...: runs node's test runner, readably, and ends with "N passed, N failed". To be sourced.
# A skipped or cancelled test counts as failed, and so does running none. No file takes longer than $node_test_seconds (60).
run_node_tests() {
    local seconds=${node_test_seconds:-60}
    local counts passed failed status=0
    counts=$(mktemp)
    timeout --kill-after=5 $((seconds + 220)) node --test --test-timeout=${seconds}000 --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$counts" "$@" || status=$?
    passed=$(sed -n 's/^# pass //p' "$counts")
    failed=$(sed -n -E 's/^# (fail|cancelled|skipped|todo) //p' "$counts" | awk "{ n += \$1 } END { print n + 0 }")
    rm -f "$counts"
    if [ -z "$passed" ] || [ "$passed" = 0 ] || { [ "$status" != 0 ] && [ "$failed" = 0 ]; }; then
        echo "FAILED: the test run broke off or ran nothing (exit $status)"
        failed=$((${failed:-0} + 1))
    fi
    echo "${passed:-0} passed, $failed failed"
    [ "$failed" = 0 ]
}
