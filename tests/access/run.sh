#!/usr/bin/env bash
# foldback serve as a process: TLS, certificates of clients, tokens, reloading, and what it refuses to start with.
# usage: run.sh [<foldback>]
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
foldback=${1:-$here/../../build/release/bin/foldback}
scratch=$(mktemp -d)
server=
passed=0
failed=0
trap 'stop; rm -rf "$scratch"' EXIT
cd "$scratch"
unset "${!FOLDBACK_@}"
export FOLDBACK_CONFIG=/dev/null

is() { # is <sentence> <wanted> <got>
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED %s\n  wanted %s\n  got    %s\n' "$1" "$2" "$3"
    fi
}

# A certificate of an authority, for one alternative name.
certificate() { # certificate <name> <authority> <alternative name> [<days>]
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "${4:-2}" -out "$1.pem" \
        -extfile <(printf 'subjectAltName=%s\n' "$3") 2>/dev/null
}

authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -days 2 \
        -subj "/CN=$1" 2>/dev/null
}

token_entry() { # token_entry <id> <token> <grants>
    printf '{"id":"%s","sha256":"%s","grants":%s}' "$1" "$(printf %s "$2" | sha256sum | cut -d' ' -f1)" "$3"
}

store=(--memory)
start() { # start <flag>...: waits for the line that says where it serves
    : >log  # the last server's says that it serves, too
    "$foldback" serve --listen 127.0.0.1:0 "${store[@]}" --log-format json "$@" 2>>log &
    server=$!
    local tries=0
    until grep -q '"msg":"serving"' log; do
        kill -0 "$server" 2>/dev/null && [ $((tries += 1)) -lt 1000 ] || { cat log; return 1; }
        sleep 0.02
    done
    url=$(sed -n 's/.*"msg":"serving".*"url":"\([^"]*\)".*/\1/p' log)
}

stop() {
    [ -n "$server" ] || return 0
    kill -TERM "$server" 2>/dev/null
    wait "$server"
    ended=$?
    server=
}

await_log() { # await_log <text> <number of lines that have it>
    local tries=0
    until [ "$(grep -c "$1" log)" -ge "$2" ] || [ $((tries += 1)) -ge 500 ]; do sleep 0.02; done
    is "the log says: $1" "$2" "$(grep -c "$1" log)"
}

status() { curl -sS -o answer -w '%{http_code}' --max-time 20 "$@" 2>curl.err; }

authority ca
authority stranger
certificate server ca IP:127.0.0.1
certificate renewed ca IP:127.0.0.1
certificate billing ca URI:spiffe://example/billing
certificate nobody ca URI:spiffe://example/nobody
certificate forged stranger URI:spiffe://example/billing
cp server.pem live.pem
cp server.key live.key
everything='[{"path":"**","verbs":["read","append","create","close","delete"]}]'
reading='[{"path":"**","verbs":["read"]}]'
policy() { printf '{"tokens":[%s],"certificates":[{"name":"URI:spiffe://example/billing","grants":%s}]}' "$1" "$reading"; }
following='[{"path":"orders/**","verbs":["read","subscribe"]},{"path":"__ds/subscriptions/*","verbs":["subscribe"]},{"path":"wakes","verbs":["append"]}]'
policy "$(token_entry ann secret-of-ann "$everything"),$(token_entry bob secret-of-bob "$reading"),$(token_entry eve secret-of-eve "$following")" >access.json
tls=(--tls-certificate live.pem --tls-key live.key --tls-client-ca ca.pem)
ann=(--cacert ca.pem -H 'Authorization: Bearer secret-of-ann')
bob=(--cacert ca.pem -H 'Authorization: Bearer secret-of-bob')

# TLS and who is there.

start "${tls[@]}" --access-file access.json || exit 1
is "the address is one of TLS" https "${url%%:*}"
is "a token may do what it is granted" 201 "$(status "${ann[@]}" -X PUT -H 'Content-Type: text/plain' -d hello "${url}a")"
is "another may less" 403 "$(status "${bob[@]}" -X DELETE "${url}a")"
is "and reads" 200 "$(status "${bob[@]}" "${url}a")"
is "what it was" hello "$(cat answer)"
is "nobody gets nothing" 401 "$(status --cacert ca.pem "${url}a")"
is "a certificate is a name" 200 "$(status --cacert ca.pem --cert billing.pem --key billing.key "${url}a")"
is "for what that is granted" 403 "$(status --cacert ca.pem --cert billing.pem --key billing.key -X DELETE "${url}a")"
is "an unknown name is nobody" 401 "$(status --cacert ca.pem --cert nobody.pem --key nobody.key "${url}a")"
is "a stranger's certificate is refused" 000 "$(status --cacert ca.pem --cert forged.pem --key forged.key "${url}a")"
is "who does not know the authority does not believe the server" 000 "$(status "${url}a")"
is "TLS 1.2 is spoken" 200 "$(status "${bob[@]}" --tls-max 1.2 "${url}a")"
is "TLS 1.3 is spoken" 200 "$(status "${bob[@]}" --tlsv1.3 "${url}a")"
for old in -tls1 -tls1_1; do
    openssl s_client "$old" -cipher 'ALL:@SECLEVEL=0' -connect "$(sed 's|https://\([^/]*\)/.*|\1|' <<<"$url")" </dev/null >s_client 2>&1
    is "older TLS is not ($old)" 0 "$(grep -c 'Cipher is ECDHE' s_client)"
done
is "plain HTTP is not answered" 000 "$(status "http${url#https}a")"
head -c 3000000 /dev/urandom >large
is "a large body arrives" 201 "$(status "${ann[@]}" -X PUT -H 'Content-Type: application/octet-stream' --data-binary @large "${url}large")"
is "and leaves" 200 "$(status "${bob[@]}" "${url}large")"
is "as it was" "$(sha256sum <large)" "$(sha256sum <answer)"
is "in pieces too" 204 "$(status "${ann[@]}" -X POST -H 'Content-Type: application/octet-stream' -H 'Transfer-Encoding: chunked' --data-binary @large "${url}large")"
is "a browser's question needs no token" 204 "$(status --cacert ca.pem -X OPTIONS "${url}a")"
cli() { FOLDBACK_CONFIG= "$foldback" "$@" --url "${url%/}" 2>cli.err; }
is "the command line speaks TLS" hello "$(cli read a --until-end --ca-file ca.pem --token secret-of-bob)"
is "also by what is in the environment" hello \
    "$(FOLDBACK_CA_FILE=ca.pem FOLDBACK_TOKEN=secret-of-bob STREAM_URL=${url%/} "$foldback" read a --until-end)"
cli create lines --content-type text/plain --ca-file ca.pem --token secret-of-ann >/dev/null
printf 'one\ntwo\n' | cli append lines --ca-file ca.pem --auth 'Bearer secret-of-ann' >/dev/null
is "and writes over it" "one
two" "$(cli read lines --until-end --ca-file ca.pem --token secret-of-bob)"
is "a large body leaves over it" "$(sha256sum <large)" "$(cli read large --limit 3000000 --until-end --ca-file ca.pem --token secret-of-bob | sha256sum)"
cli delete lines --ca-file ca.pem --token secret-of-bob >/dev/null
is "but not what the token may not" 6 $?
cli read a --until-end --token secret-of-bob >/dev/null
is "nor with whom it does not believe" 3 $?
is "and says why" 1 "$(grep -c 'certificate verify failed' cli.err)"
cli delete lines --ca-file ca.pem --token secret-of-ann >/dev/null
is "the list is for who may read" '["a","large"]' \
    "$(curl -sS "${bob[@]}" "${url%stream/}streams" | grep -o '"stream":"[^"]*"' | sed 's/"stream"://' | paste -sd, | sed 's/.*/[&]/')"

# Subscriptions: what is followed, and who carries a token of another kind.

subscribe() { # subscribe <id> <pattern> <wake stream> <token>
    status --cacert ca.pem -H "Authorization: Bearer $4" -X PUT -d "{\"type\":\"pull-wake\",\"pattern\":\"$2\",\"wake_stream\":\"$3\"}" \
        "${url}__ds/subscriptions/$1"
}
is "who may follow orders does" 201 "$(subscribe s1 'orders/*' wakes secret-of-eve)"
is "and nothing else" 403 "$(subscribe s2 '**' wakes secret-of-eve)"
is "and has no stream written that it may not write" 403 "$(subscribe s3 'orders/*' orders/1 secret-of-eve)"
is "reading is not subscribing" 403 "$(subscribe s4 'orders/*' wakes secret-of-bob)"
is "the keys are public" 200 "$(status --cacert ca.pem "${url}__ds/jwks.json")"
is "an ack needs the token of its wake" 401 "$(status --cacert ca.pem -X POST -H 'Authorization: Bearer 1.w.2.x' \
    -d '{"wake_id":"w","generation":1,"acks":[]}' "${url}__ds/subscriptions/s1/ack")"
is "and says so" 1 "$(grep -c TOKEN_INVALID answer)"
is "a claim needs a principal" 401 "$(status --cacert ca.pem -X POST -d '{"worker":"w"}' "${url}__ds/subscriptions/s1/claim")"

# A live reader whose token is withdrawn.

curl -sSN "${bob[@]}" "${url}a?offset=-1&live=sse" >events 2>/dev/null &
reader=$!
tries=0
until grep -qs hello events || [ $((tries += 1)) -ge 500 ]; do sleep 0.02; done
is "a live reader reads" 1 "$(grep -c hello events)"
policy "$(token_entry ann secret-of-ann "$everything")" >access.json
kill -HUP "$server"
await_log 'read the configuration again' 1
is "a withdrawn token is nobody's" 401 "$(status "${bob[@]}" "${url}a")"
is "another goes on" 204 "$(status "${ann[@]}" -X POST -H 'Content-Type: text/plain' -d secret "${url}a")"
wait "$reader"
is "the live reader was let go without the news" 0 "$(grep -c secret events)"

# Reloading: a new certificate is shown, a bad file changes nothing.

shown() { openssl s_client -connect "$(sed 's|https://\([^/]*\)/.*|\1|' <<<"$url")" </dev/null 2>/dev/null | openssl x509 -noout -fingerprint; }
is "the certificate is the first one" "$(openssl x509 -in server.pem -noout -fingerprint)" "$(shown)"
cp renewed.pem live.pem
kill -HUP "$server"
await_log 'what was in force stays' 1
is "a certificate without its key changes nothing" "$(openssl x509 -in server.pem -noout -fingerprint)" "$(shown)"
cp renewed.key live.key
kill -HUP "$server"
await_log 'read the configuration again' 2
is "the new certificate is shown" "$(openssl x509 -in renewed.pem -noout -fingerprint)" "$(shown)"
echo '{' >access.json
kill -HUP "$server"
await_log 'what was in force stays' 2
is "a bad access file changes nothing" 200 "$(status "${ann[@]}" "${url}a")"
is "no token is in the log" 0 "$(grep -c secret-of log)"
stop
is "it ends well" 0 "$ended"

# JWTs of an issuer whose keys are at a URL, over TLS.

base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
jwt_key() { # jwt_key <kid>
    openssl genpkey -algorithm ed25519 -out "$1.ed" 2>/dev/null
    printf '{"kty":"OKP","crv":"Ed25519","kid":"%s","x":"%s"}' "$1" "$(openssl pkey -in "$1.ed" -pubout -outform DER | tail -c 32 | base64url)" >"$1.jwk"
}
jwt() { # jwt <kid> <subject>
    local text
    text=$(printf '{"alg":"EdDSA","kid":"%s"}' "$1" | base64url).$(printf '{"iss":"i","aud":"a","sub":"%s","exp":%d}' "$2" $(($(date +%s) + 600)) | base64url)
    printf %s "$text" >signed
    printf '%s.%s' "$text" "$(openssl pkeyutl -sign -rawin -inkey "$1.ed" -in signed | base64url)"
}
jwt_key first
jwt_key second
printf '{"keys":[%s]}' "$(cat first.jwk)" >keys.json
openssl s_server -WWW -accept 127.0.0.1:0 -cert server.pem -key server.key >issuer 2>&1 </dev/null &
issuer=$!
tries=0
until grep -qs '^ACCEPT' issuer || [ $((tries += 1)) -ge 500 ]; do sleep 0.02; done
jwks() { # jwks <more members>
    printf '{"jwt":{"issuer":"i","audience":"a","jwks_url":"https://127.0.0.1:%s/keys.json",%s"grants":[{"path":"{sub}/**","verbs":["read","create"]}]}}' \
        "$(sed -n 's/^ACCEPT .*:\([0-9]*\).*/\1/p' issuer)" "$1"
}
jwks '"jwks_ca_file":"ca.pem",' >access.json
start --access-file access.json --allow-local-jwks || exit 1
by() { status -H "Authorization: Bearer $(jwt "$1" "$2")" "${@:3}"; }
is "a JWT is believed by a key from a URL" 201 "$(by first ann -X PUT "${url}ann/a")"
is "for what its subject may" 403 "$(by first ann -X PUT "${url}bob/a")"
is "a key that the issuer does not have is none" 401 "$(by second ann "${url}ann/a")"
tries=0
until [ "$(grep -c '^FILE:keys.json' issuer)" -ge 2 ] || [ $((tries += 1)) -ge 500 ]; do sleep 0.02; done
is "but reason to ask for it" 2 "$(grep -c '^FILE:keys.json' issuer)"
printf '{"keys":[%s]}' "$(cat second.jwk)" >keys.json
is "one unknown key in a minute is reason to ask, so the old one goes on for now" 200 "$(by first ann "${url}ann/a")"
kill -HUP "$server"
await_log 'read the configuration again' 1
is "and reading the file again keeps it" 200 "$(by first ann "${url}ann/a")"
stop
start --access-file access.json --allow-local-jwks || exit 1
is "a server that starts has the new key" 201 "$(by second ann -X PUT "${url}ann/b")"
is "and the old one no more" 401 "$(by first ann "${url}ann/b")"
stop
jwks '' >access.json
start --access-file access.json --allow-local-jwks || exit 1
is "an issuer of a strange authority is not believed" 401 "$(by second ann "${url}ann/a")"
is "and the log says why" 1 "$(grep -c 'no keys from https.*until it answers' log)"
stop
timeout 5 "$foldback" serve --memory --listen 127.0.0.1:0 --access-file access.json >/dev/null 2>start.log
is "without permission a URL must not be of this machine" 2 $?
is "and that is said" 1 "$(grep -c 'jwks_url' start.log)"
kill "$issuer"

# A client that says nothing is let go.

start "${tls[@]}" --handshake-timeout-ms 200 || exit 1
address=$(sed 's|https://\([^/]*\)/.*|\1|' <<<"$url")
exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
is "a handshake that does not come ends the connection" "" "$(timeout 10 cat <&3; true)"
exec 3>&-
stop

# Browsers, rates and quotas.

start --cors-origin 'https://app.example' --max-requests-per-second-per-address 5 --limit-loopback --max-streams 1 || exit 1
is "a foreign name is refused" 403 "$(status -H 'Host: evil.example' "${url}a")"
is "a foreign page is refused" 403 "$(status -H 'Origin: https://evil.example' "${url}a")"
is "an allowed page is answered" 404 "$(status -H 'Origin: https://app.example' "${url}a")"
sleep 1
is "a stream is created" 201 "$(status -X PUT "${url}a")"
is "a second one is too many" 507 "$(status -X PUT "${url}b")"
# One process and one connection: quick enough on any machine.
is "too many requests are refused" 429 "$(curl -sS -o answer -w '%{http_code}\n' --max-time 20 "${url}a?n=[1-100]" | grep -m1 429)"
stop

# Quotas of principals, also after a restart.

store=(--data quota-data)
limited() { token_entry "$1" "$2" "$3" | sed "s/}\$/,\"quota\":$4}/"; }
tenant() { printf '[{"path":"%s/**","verbs":["read","append","create","delete"]},{"path":"__ds/subscriptions/%s-*","verbs":["subscribe"]}]' "$1" "$1"; }
printf '{"tokens":[%s,%s]}' "$(limited ann secret-of-ann "$(tenant ann)" '{"streams":2,"bytes":200000}')" \
    "$(token_entry bob secret-of-bob "$(tenant bob)")" >access.json
mine=(-H 'Authorization: Bearer secret-of-ann' -H 'Content-Type: application/octet-stream')
his=(-H 'Authorization: Bearer secret-of-bob' -H 'Content-Type: application/octet-stream')
head -c 150000 /dev/urandom >piece
start --access-file access.json || exit 1
is "within the quota a stream is created" 201 "$(status "${mine[@]}" -X PUT --data-binary @piece "${url}ann/a")"
is "and a second one" 201 "$(status "${mine[@]}" -X PUT "${url}ann/b")"
is "but no third" 507 "$(status "${mine[@]}" -X PUT "${url}ann/c")"
is "and not so many bytes" 507 "$(status "${mine[@]}" -X POST --data-binary @piece "${url}ann/b")"
is "somebody without a quota goes on" 201 "$(status "${his[@]}" -X PUT --data-binary @piece "${url}bob/a")"
stop
start --access-file access.json || exit 1
is "after a restart the quota is used up as before" 507 "$(status "${mine[@]}" -X PUT "${url}ann/c")"
is "in bytes, too" 507 "$(status "${mine[@]}" -X POST --data-binary @piece "${url}ann/b")"
is "what fits is taken" 204 "$(status "${mine[@]}" -X POST -d little "${url}ann/b")"
is "what is deleted" 204 "$(status "${mine[@]}" -X DELETE "${url}ann/a")"
sleep 1.1
is "makes room" 204 "$(status "${mine[@]}" -X POST --data-binary @piece "${url}ann/b")"
stop
store=(--memory)

# What it refuses to start with: 12 ways, and the consent.

echo '{}' >access.json
refuses() { # refuses <wanted exit code> <flag>...
    local wanted=$1 got
    shift
    timeout 5 "$foldback" serve --memory "$@" >/dev/null 2>start.log
    got=$?
    [ "$got" = 124 ] && got=serving
    is "serve $*" "$wanted" "$got"
}
quick=(--shutdown-timeout-ms 0)
starts() { # starts <flag>...
    : >log
    "$foldback" serve --memory --log-format json "$@" 2>>log &
    server=$!
    local tries=0
    until grep -q '"msg":"serving"' log || ! kill -0 "$server" 2>/dev/null || [ $((tries += 1)) -ge 1000 ]; do sleep 0.02; done
    is "serve $*" 1 "$(grep -c '"msg":"serving"' log)"
    stop
}
own_tls=(--tls-certificate server.pem --tls-key server.key)
for listen in 127.0.0.1:0 0.0.0.0:0; do
    for access in "" "--access-file access.json"; do
        for how in "" "own" "upstream"; do
            flags=(--listen "$listen" "${quick[@]}")
            # shellcheck disable=SC2206
            flags+=($access)
            [ "$how" = own ] && flags+=("${own_tls[@]}")
            [ "$how" = upstream ] && flags+=(--tls-terminated-upstream)
            if [ "$listen" = 127.0.0.1:0 ] || { [ -n "$access" ] && [ -n "$how" ]; }; then
                starts "${flags[@]}"
            else
                refuses 78 "${flags[@]}"
            fi
        done
    done
done
starts --listen 0.0.0.0:0 --insecure-no-auth-on-public
is "consent is warned about" 1 "$(grep -c 'listening on a public address although' log)"
echo '{"tokens":[{"id":"a"}]}' >access.json
refuses 2 --access-file access.json
is "the place is named" 1 "$(grep -c 'access.json: tokens\[0\]' start.log)"
refuses 2 --access-file nowhere.json
refuses 2 --tls-certificate nowhere.pem --tls-key server.key
refuses 2 --tls-certificate server.pem --tls-key renewed.key

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
