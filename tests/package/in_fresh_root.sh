#!/usr/bin/env bash
# Installs the Debian packages into a root that debootstrap makes, as on a machine that has seen nothing of this project, and
# uses them there: the service runs as its unit says, the tutorial's programs compile and print what the tutorial says.
# usage: in_fresh_root.sh <directory of the packages>     as root; downloads some 200 MB of Debian packages
set -euo pipefail

packages=$(realpath "$1")
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$(mktemp -d)
service=

# shellcheck disable=SC2329  # called by the trap
clean_up() {
    if [ -n "$service" ]; then kill -KILL "$service" 2>/dev/null || true; fi
    umount "$root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$root"
}
trap clean_up EXIT

source "$source_dir/tests/harness/counts.sh"
check() {
    local what=$1
    shift
    if "$@" >"$root.log" 2>&1; then pass; else fail "$what"$'\n'"$(tail -n 30 "$root.log")"; fi
    rm -f "$root.log"
}
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

# What the unit says about the process itself; its sandbox needs a booted systemd.
unit_value() { sed -n "s/^$1=//p" "$root/usr/lib/systemd/system/foldback.service"; }

start_service() {
    local -a settings command
    mapfile -t settings < <(unit_value Environment)
    read -ra command < <(unit_value ExecStart)
    install -d -o nobody -m 0700 "$root/var/lib/foldback"
    chroot --userspec=nobody:nogroup "$root" env -i PATH=/usr/bin "${settings[@]}" "${command[@]}" >"$root/service.log" 2>&1 &
    service=$!
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        if inside foldback list >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    cat "$root/service.log"
    return 1
}

use_service() {
    inside foldback create greetings --content-type application/json
    inside foldback append greetings '"hello"'
    [ "$(inside foldback read greetings --until-end)" = '"hello"' ]
}

stop_service() {
    kill -TERM "$service"
    local code=0
    wait "$service" || code=$?
    service=
    [ "$code" = 0 ]
}

compile_tutorial() {
    local program directory=/tmp/tutorial
    mkdir "$root$directory"
    awk -v "into=$root$directory" -f "$source_dir/tests/docs/extract.awk" "$source_dir/docs/tutorial.md"
    printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(tutorial LANGUAGES CXX)' \
        'find_package(foldback CONFIG REQUIRED COMPONENTS framework)' 'file(GLOB programs *.cpp)' \
        'foreach(program IN LISTS programs)' 'cmake_path(GET program STEM name)' 'add_executable(${name} ${program})' \
        'target_link_libraries(${name} PRIVATE foldback::framework)' 'endforeach()' >"$root$directory/CMakeLists.txt"
    inside cmake -S "$directory" -B "$directory/build" -DCMAKE_BUILD_TYPE=Release
    inside cmake --build "$directory/build" --parallel 2
    for program in "$root$directory"/*.cpp; do
        program=$(basename "$program" .cpp)
        inside sh -c "mkdir /tmp/run && cd /tmp/run && $directory/build/$program" >"$root/printed"
        diff "$root$directory/$program.expected" "$root/printed"
        rm -rf "$root/tmp/run"
    done
}

remove_packages() {
    inside apt-get remove -y foldback libfoldback-dev
    [ ! -e "$root/usr/bin/foldback" ] && [ -n "$(ls "$root"/var/lib/foldback/*.segment)" ]
}

mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^bookworm //p' | head -n 1)
check "debootstrap" debootstrap --variant=minbase bookworm "$root" "$mirror"
chmod 755 "$root"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
mount -t proc proc "$root/proc"
cp "$packages"/*.deb "$root/tmp/"
check "the lists of packages" inside apt-get update
check "foldback installs" inside sh -c 'apt-get install -y --no-install-recommends /tmp/foldback_*.deb'
check "the service starts as its unit says" start_service
check "a stream is written and read" use_service
check "the service ends when told" stop_service
check "libfoldback-dev installs" inside sh -c 'apt-get install -y --no-install-recommends g++ cmake make /tmp/libfoldback-dev_*.deb'
check "the tutorial compiles, runs and prints what it says" compile_tutorial
check "the packages go and the data stays" remove_packages

finish
