#!/usr/bin/env bash
# The program as people use it: a server, the verbs against it and against its data directory, exit codes, signals.
# usage: run.sh [path-to-binary]
# Ends with a line "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
foldback=$(realpath "${1:-$root/build/release/bin/foldback}")
work=$(mktemp -d)
cd "$work" || exit 1

source "$here/../harness/counts.sh"
running=()

# shellcheck disable=SC2329  # called by the trap
clean_up() {
    local pid
    for pid in "${running[@]}"; do kill -KILL "$pid" 2>/dev/null; done
    rm -rf "$work"
}
trap clean_up EXIT
# Nothing of the caller's environment or of this machine's configuration may decide a test.
while read -r name; do unset "$name"; done < <(compgen -e | grep -E '^(FOLDBACK_|STREAM_)')
export FOLDBACK_CONFIG=$work/empty.toml
: >"$FOLDBACK_CONFIG"

# expect <what> <exit code> <command>...: the command's output is left in out and err.
expect() {
    local what=$1 wanted=$2 code=0
    shift 2
    timeout 30 "$@" >out 2>err </dev/null || code=$?
    if [ "$code" = "$wanted" ]; then pass; else fail "$what: exit code $code, wanted $wanted"$'\n'"$(cat out err)"; fi
}

# says <what> <file> <extended regular expression>
says() { if grep -qE -- "$3" "$2"; then pass; else fail "$1: no match of /$3/ in:"$'\n'"$(head -c 2000 "$2")"; fi; }
same() { if [ "$2" = "$3" ]; then pass; else fail "$1: is '$2', wanted '$3'"; fi; }

# eventually <what> <command>...: polls until the command succeeds, at most ten seconds.
eventually() {
    local what=$1 tries
    shift
    for ((tries = 0; tries < 500; tries++)); do
        if "$@" >/dev/null 2>&1; then
            pass
            return 0
        fi
        sleep 0.02
    done
    fail "$what did not happen in ten seconds: $*"
    return 1
}

# A line that a process under test writes to its log once it serves.
serving_line() { grep -q '"msg":"serving"' "$1"; }
url_of() { sed -nE 's/.*"msg":"serving".*"url":"([^"]*)\/".*/\1/p' "$1" | head -n 1; }

# start_server <log> <options>...: sets `server` (its process) and STREAM_URL.
start_server() {
    local log=$1
    shift
    start_under "$log" "" "$@"
}

# start_under <log> <program that runs the server, with blanks between its words> <options>...
start_under() {
    local log=$1 wrapper
    read -ra wrapper <<<"$2"
    shift 2
    : >"$log"  # what an earlier server of this name said does not count
    ${wrapper[@]+"${wrapper[@]}"} "$foldback" serve --listen 127.0.0.1:0 "$@" >"$log.out" 2>"$log" </dev/null &
    server=$!
    running+=("$server")
    if ! eventually "the server serves" serving_line "$log"; then cat "$log"; fi
    STREAM_URL=$(url_of "$log")
    export STREAM_URL
}

# stop_server: SIGTERM; `code` is the exit code.
stop_server() {
    code=0
    kill -TERM "$server" 2>/dev/null
    wait "$server" || code=$?
}

lines() { wc -l <"$1" | tr -d ' '; }
numbers() { seq "$1" "$2" | sed 's/.*/{"n":&}/'; }
offset_of() { "$foldback" head "$1" --json | sed -E 's/.*"next_offset":"([^"]*)".*/\1/'; }

# ---- a server on disk and the verbs -------------------------------------------------------------------------------

start_server server.log --data data

expect "create" 0 "$foldback" create orders/1 --json
says "create tells where the stream is" out '"created":true.*"content_type":"application/json"'
expect "creating the same again" 0 "$foldback" create orders/1 --content-type application/json
says "creating the same again is told apart" out 'was there already'
expect "creating another kind under the same name" 5 "$foldback" create orders/1 --content-type text/plain

numbers 1 2500 >numbers.ndjson
expect "append NDJSON from a file" 0 "$foldback" append orders/1 --ndjson --file numbers.ndjson
says "append tells how much" out '^Wrote 2,500 messages to stream "orders/1"'
"$foldback" append orders/1 --ndjson --quiet < <(numbers 2501 2600)
same "append NDJSON from a pipe" "$?" 0
expect "append words" 0 "$foldback" write orders/1 '{"n":' 2601 '}' --json
says "append prints a document" out '"messages":1'
expect "append an array as messages" 0 "$foldback" write orders/1 '[{"n":2602},{"n":2603}]' --batch-json
expect "append JSON that is broken" 2 "$foldback" append orders/1 '{"n":'
{ numbers 1 3; echo '{"n":'; } >broken.ndjson
expect "append NDJSON with a broken line" 2 "$foldback" append orders/1 --ndjson --file broken.ndjson --batch-messages 2
says "the broken line is named" err 'line 4 is not JSON'
says "what was written before is told" err '2 messages had been written before'
expect "append to a stream that is not there" 4 "$foldback" append nowhere x
says "the next command is told" err 'foldback create nowhere'
expect "append nothing" 2 "$foldback" append orders/1 --file /dev/null

expect "read to the end" 0 "$foldback" read orders/1 --until-end
same "every message is a line" "$(lines out)" 2605
same "in order" "$(sha256sum <out)" "$({ numbers 1 2600; echo '{"n": 2601 }'; numbers 2602 2603; numbers 1 2; } | sha256sum)"
expect "read a few" 0 "$foldback" read orders/1 --limit 3
same "the first ones" "$(cat out)" "$(numbers 1 3)"
more=$(sed -nE 's/^more: foldback read orders\/1 --offset (.*)$/\1/p' err)
expect "read on from there" 0 "$foldback" read orders/1 --offset "$more" --limit 2
same "where the first left off" "$(cat out)" "$(numbers 4 5)"
expect "read backward" 0 "$foldback" read orders/1 --backward --limit 2
same "newest first" "$(cat out)" $'{"n":2}\n{"n":1}'
expect "the last ones" 0 "$foldback" tail orders/1 -n 3
same "oldest first" "$(cat out)" $'{"n":2603}\n{"n":1}\n{"n":2}'
expect "read for programs" 0 "$foldback" read orders/1 --until-end --json --offset "$(offset_of orders/1)"
says "the position is a document" out '^\{"type":"position","next_offset":"[0-9_]+","up_to_date":true,"closed":false\}$'
expect "read a stream that is not there" 4 "$foldback" read nowhere --until-end
expect "read at an offset that is none" 2 "$foldback" read orders/1 --offset nonsense --until-end

expect "head" 0 "$foldback" head orders/1
says "head tells the content type" out '^content type +application/json$'
says "head tells that it is open" out '^state +open$'

# Bytes: exactly what went in comes out.
head -c 3000000 /dev/urandom >bytes
"$foldback" create blob --quiet
"$foldback" append blob --quiet <bytes
same "append bytes" "$?" 0
expect "read bytes" 0 "$foldback" read blob --until-end
same "the bytes are the same" "$(sha256sum <out)" "$(sha256sum <bytes)"
expect "bytes cannot be read from the end" 2 "$foldback" tail blob
"$foldback" create text --content-type text/plain --quiet
expect "escapes in words" 0 "$foldback" write text 'hello\n' --quiet
expect "read text" 0 "$foldback" read text --until-end
same "escapes are line feeds" "$(od -An -c out | tr -d ' ')" 'hello\n'

# Optimistic concurrency and exactly-once.
before=$(offset_of orders/1)
expect "append at the expected offset" 0 "$foldback" append orders/1 '{"n":0}' --expected-offset "$before"
expect "append at a stale offset" 5 "$foldback" append orders/1 '{"n":0}' --expected-offset "$before"
says "the real end is told" err "but at $(offset_of orders/1)"
expect "import with a producer id" 0 "$foldback" append orders/1 --file numbers.ndjson --ndjson --producer-id import --json
says "all of it is new" out '"messages":2500,"duplicates":0'
expect "the same import again" 0 "$foldback" append orders/1 --file numbers.ndjson --ndjson --producer-id import --json
says "nothing of it is new" out '"messages":0,"duplicates":2500'

# A follower sees what is appended while it runs, over a restart of the server, and ends when the stream is closed.
"$foldback" create live --json --quiet >/dev/null
"$foldback" tail live --follow >followed 2>follow.err </dev/null &
follower=$!
running+=("$follower")
"$foldback" read live --live long-poll >polled 2>/dev/null </dev/null &
poller=$!
running+=("$poller")
numbers 1 3 | "$foldback" append live --ndjson --quiet
numbers 1 3 >expected
eventually "the follower prints what came" cmp -s followed expected
eventually "the long-poller prints what came" cmp -s polled expected
port=${STREAM_URL##*:}
port=${port%%/*}
stop_server
same "SIGTERM ends the server with followers" "$code" 0
says "the end is logged" server.log '"msg":"stopped","exit_code":0'
eventually "the follower notices" grep -q 'trying again' follow.err
"$foldback" serve --listen "127.0.0.1:$port" --data data >server2.out 2>server2.log </dev/null &
server=$!
running+=("$server")
eventually "the server serves again" serving_line server2.log
numbers 4 5 | "$foldback" append live --ndjson --quiet --close
code=0; wait "$follower" || code=$?
same "the follower ends with the stream" "$code" 0
same "the follower missed and repeated nothing" "$(cat followed)" "$(numbers 1 5)"
code=0; wait "$poller" || code=$?
same "the long-poller ends with the stream" "$code" 0
same "the long-poller missed and repeated nothing" "$(cat polled)" "$(numbers 1 5)"

# A follower that is interrupted says how to go on.
"$foldback" read orders/1 --offset now --json >position 2>interrupted.err </dev/null &
follower=$!
running+=("$follower")
eventually "the follower waits at the end" grep -q '"type":"position"' position
kill -TERM "$follower"
code=0; wait "$follower" || code=$?
same "an interrupted follower" "$code" 130
says "says how to go on" interrupted.err "^go on with: foldback read orders/1 --offset $(offset_of orders/1)\$"

expect "append to a closed stream" 5 "$foldback" append live '{"n":6}'
says "closed is told" err 'live is closed \(final offset [0-9_]+\)'
expect "fork" 0 "$foldback" fork live live-fork
expect "a fork is open" 0 "$foldback" append live-fork '{"n":6}'
expect "a fork shares the past" 0 "$foldback" read live-fork --until-end
same "and has its own" "$(cat out)" "$(numbers 1 6)"
expect "close" 0 "$foldback" close live-fork
expect "close again" 0 "$foldback" close live-fork --json
says "close is told" out '"closed":true'
expect "list" 0 "$foldback" list
same "all streams, in order" "$(cat out)" $'blob\nlive\nlive-fork\norders/1\ntext'
expect "list by prefix" 0 "$foldback" ls live --long
same "of that prefix" "$(lines out)" 2
says "with their state" out '^live-fork +application/json +[0-9_]+ +closed, fork of live$'
expect "list for programs" 0 "$foldback" ls text --json
says "as documents" out '^\{"stream":"text","content_type":"text/plain"'
expect "delete" 0 "$foldback" delete text
expect "delete another" 0 "$foldback" delete live-fork --quiet
expect "delete again" 4 "$foldback" delete text
expect "a base URL below the streams" 0 "$foldback" list --url "$STREAM_URL/orders"
same "shortens the names" "$(cat out)" 1
expect "a base URL with a slash at its end" 0 "$foldback" head orders/1 --url "$STREAM_URL/"

# The reader of our output goes away.
"$foldback" read blob --until-end 2>pipe.err | head -c 10 >/dev/null
same "a closed pipe is no error message" "$(cat pipe.err)" ""

# ---- the data directory -------------------------------------------------------------------------------------------

expect "verify while it is served" 0 "$foldback" verify --data data
says "verify counts" out 'segment.*commits.*messages'
says "verify says sound" out '^sound$'
expect "reading a directory that a server owns" 73 "$foldback" read orders/1 --data data
says "says who to ask" err 'running server'
expect "a second server on the same directory" 73 "$foldback" serve --data data --listen 127.0.0.1:0
says "says why" err 'another process owns data'
expect "statistics of a directory that a server owns" 73 "$foldback" stats --data data
stop_server
same "SIGTERM ends the server" "$code" 0

expect "read from the directory" 0 "$foldback" read live --data data
same "the same messages" "$(cat out)" "$(numbers 1 5)"
expect "the last ones from the directory" 0 "$foldback" tail live -n 1 --data data
same "the last message" "$(cat out)" '{"n":5}'
expect "list the directory" 0 "$foldback" list --data data
same "the same streams" "$(cat out)" $'blob\nlive\norders/1'
expect "head from the directory" 0 "$foldback" head live --data data --json
says "closed there, too" out '"closed":true'
expect "a directory does not grow" 2 "$foldback" tail live --follow --data data
expect "statistics" 0 "$foldback" stats --data data --json
says "count streams" out '"streams":3'
expect "a directory that is not there" 4 "$foldback" verify --data nowhere
mkdir no-store
expect "a directory without a store" 4 "$foldback" list --data no-store
same "stays empty" "$(ls -A no-store)" ""

# Damage: verify finds it, the server refuses, salvage mends.
cp -r data damaged
segment=$(find damaged -name '*.segment' | sort | head -n 1)
printf 'XXXXXXXX' | dd of="$segment" bs=1 seek=8192 conv=notrunc status=none
expect "verify finds damage" 1 "$foldback" verify --data damaged
says "and where" out '^damaged: .*segment'
expect "verify for programs" 1 "$foldback" verify --data damaged --json
says "is one document" out '^\{"sound":false,'
# What the index covers is read in the background, and damage there only told.
rm -f damaged/index.db*
expect "a damaged store is not served" 78 "$foldback" serve --data damaged --listen 127.0.0.1:0
says "segment, byte and remedy are named" err 'segment 1 at byte [0-9]+.*foldback salvage --data damaged'
expect "salvage" 0 "$foldback" salvage --data damaged
says "tells what it did" out '^kept [0-9,]+ commits?, put .* aside$'
expect "after that it is sound" 0 "$foldback" verify --data damaged
expect "salvage of a sound store" 0 "$foldback" salvage --data damaged
says "does nothing" out 'nothing was done'

# ---- starting and stopping ----------------------------------------------------------------------------------------

# Open files: the soft limit is raised, and what the hard one leaves beside the store is for connections.
start_under few.log "prlimit --nofile=128:400" --memory
says "fewer connections than set are announced" few.log '"max_connections":144,"open_files":400'
stop_server
expect "no files for connections" 78 prlimit --nofile=200 "$foldback" serve --memory --listen 127.0.0.1:0
says "the limit is named" err 'limit of 200 open files'

expect "a public address" 78 "$foldback" serve --memory --listen 0.0.0.0:0
says "says what to do" err 'access-file.*--insecure-no-auth-on-public'
start_server public.log --memory --listen 0.0.0.0:0 --insecure-no-auth-on-public
says "a public server warns" public.log '"level":"warning","msg":"listening on a public address'
port=$(sed -nE 's/.*"url":"http:\/\/[^"]*:([0-9]+)\/.*/\1/p' public.log)
expect "an address in use" 1 "$foldback" serve --memory --listen "127.0.0.1:$port"
says "is told" err 'cannot listen on 127.0.0.1:[0-9]+: Address already in use'
expect "memory" 0 "$foldback" create m --url "http://127.0.0.1:$port"
code=0; kill -INT "$server"; wait "$server" || code=$?
same "SIGINT ends the server" "$code" 0

# A connection in the middle of a request holds the shutdown back until the second signal.
start_server slow.log --memory --shutdown-timeout-ms 60000 --body-grace-ms 60000
port=${STREAM_URL##*:}
port=${port%%/*}
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'PUT /v1/stream/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12' >&3
expect "the server answers others meanwhile" 0 "$foldback" create quick --quiet
kill -TERM "$server"
eventually "the server is stopping" grep -q '"msg":"stopping"' slow.log
code=0; kill -TERM "$server"; wait "$server" || code=$?
same "a second signal ends it" "$code" 1
if grep -q '"msg":"stopped"' slow.log; then fail "it waited for the request instead"; else pass; fi
exec 3>&-

expect "where nobody listens" 3 "$foldback" list --url "http://127.0.0.1:$port/v1/stream"
says "how to start a server" err 'foldback serve'

# From the fortieth flush on the disk fails.
start_under broken.log "strace -f -qq -o strace.log -e trace=fdatasync -e inject=fdatasync:error=EIO:when=40+" --data broken
"$foldback" create doomed --quiet
acknowledged=0
while "$foldback" append doomed 'x' --quiet 2>doomed.err && [ $acknowledged -lt 1000 ]; do acknowledged=$((acknowledged + 1)); done
code=0; wait "$server" || code=$?
same "a server whose disk fails ends" "$code" 70
says "and says why" broken.log '"level":"error","msg":"the store broke'
expect "what it acknowledged" 0 "$foldback" read doomed --until-end --data broken
if [ "$(wc -c <out)" -ge "$acknowledged" ]; then pass; else fail "acknowledged are $acknowledged, there are $(wc -c <out)"; fi

# ---- a directory that nobody read since the machine started -----------------------------------------------------------

start_server cold.log --data cold --segment-bytes 1MiB
head -c 3000000 /dev/zero | tr '\0' x >large
"$foldback" create large --content-type text/plain --quiet
"$foldback" append large --file large --quiet
"$foldback" append large --file large --quiet
stop_server
for file in cold/*; do dd if="$file" iflag=nocache count=0 status=none; done
expect "read what is not in memory" 0 "$foldback" read large --until-end --data cold
if cmp -s out <(cat large large); then pass; else fail "other bytes come from the disk"; fi

# ---- configuration ------------------------------------------------------------------------------------------------

value_of() { awk -v name="$1" '$1 == name { print $2, $3 }' out; }
printf '[serve]\nlisten = "127.0.0.1:7001"\nmax_connections = 1_001\nlog-level = "warn" # less\n' >config.toml
expect "the configuration" 0 env FOLDBACK_MAX_CONNECTIONS=1002 "$foldback" config show --config config.toml --threads 3
same "the file beats the default" "$(value_of listen)" "127.0.0.1:7001 config.toml:2"
same "the environment beats the file" "$(value_of max-connections)" "1002 FOLDBACK_MAX_CONNECTIONS"
expect "a flag" 0 env FOLDBACK_MAX_CONNECTIONS=1002 "$foldback" config show --config config.toml --max-connections 1003
same "beats the environment" "$(value_of max-connections)" "1003 --max-connections"
expect "the file by environment" 0 env FOLDBACK_CONFIG=config.toml "$foldback" config show
same "is read" "$(value_of log-level)" "warn config.toml:4"
same "defaults are told" "$(value_of max-body-bytes)" "8MiB default"
printf 'listn = 1\n' >bad.toml
expect "an unknown key" 2 "$foldback" serve --config bad.toml
says "is answered with the known one" err 'bad.toml:1: there is no setting "listn". Did you mean "listen"\?'
expect "a bad value" 2 "$foldback" serve --max-connections many
expect "an unknown flag" 2 "$foldback" serve --lisen x
says "the flag that was meant" err 'Did you mean "--listen"\?'
expect "an unknown verb" 2 "$foldback" raed x
expect "no verb" 2 "$foldback"
expect "an unknown variable" 0 env FOLDBACK_LISTN=x "$foldback" config show
says "is told" err 'FOLDBACK_LISTN is set but means nothing. Did you mean "FOLDBACK_LISTEN"\?'
printf 'listen = "127.0.0.1:0"\nmemory = true\n' >serve.toml
"$foldback" serve --config serve.toml >/dev/null 2>configured.log </dev/null &
server=$!
running+=("$server")
eventually "a server serves by its file" serving_line configured.log
says "in memory" configured.log '"data":"memory","durability":"none'
stop_server
same "and ends" "$code" 0

# ---- errors, completion, manual -----------------------------------------------------------------------------------

expect "an error for programs" 3 "$foldback" head x --json --url http://127.0.0.1:1
says "is a document" err '^\{"error":\{"message":".*","exit_code":3,"remedy":'
expect "a scheme that is not spoken" 2 "$foldback" head x --url ftp://localhost
expect "authorities that cannot be read" 3 "$foldback" head x --url https://127.0.0.1:1 --ca-file absent.pem
expect "two ways to say who one is" 2 "$foldback" head x --auth 'Basic eDp5' --token t
expect "a name that no stream can have" 2 "$foldback" head 'a//b'
expect "the version" 0 "$foldback" version
says "is told" out '^foldback [0-9]+\.[0-9]+\.[0-9]+$'
for shell in bash zsh fish; do
    expect "completion for $shell" 0 "$foldback" completion $shell
    cp out "completion.$shell"
done
expect "the bash completion parses" 0 bash -n completion.bash
# shellcheck disable=SC2016  # expanded by the inner shell
completed() { bash -c 'source completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _foldback; echo "${COMPREPLY[*]}"' - "$@"; }
same "verbs are completed" "$(completed foldback ver)" "verify version"
same "flags are completed" "$(completed foldback read s --unt)" "--until-end"
same "values are completed" "$(completed foldback read s --live s)" "sse"
for shell in zsh fish; do
    if command -v "$shell" >/dev/null; then expect "the $shell completion parses" 0 "$shell" -n "completion.$shell"; fi
done

"$foldback" reference >reference.md
sed -n '/^<!-- reference -->$/,/^<!-- end of reference -->$/p' "$root/docs/operations.md" | sed '1d;$d' >documented.md
if cmp -s reference.md documented.md; then pass; else fail "docs/operations.md is not what \`foldback reference\` prints:"$'\n'"$(diff documented.md reference.md | head -n 20)"; fi

finish
