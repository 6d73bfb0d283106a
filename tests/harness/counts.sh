# Counts what a script checks. To be sourced; `finish` at the end prints the line "N passed, N failed" and fails when something did.

passed=0
failed=0

pass() { passed=$((passed + 1)); }

fail() {
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$*"
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
