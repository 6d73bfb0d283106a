#!/usr/bin/env bash
# Installs the build tree into a fresh prefix, then builds and runs a program against it as a user would.
# usage: run.sh <source dir> <build dir> <c++ compiler>
set -euo pipefail

source_dir=$1
build_dir=$2
compiler=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$build_dir/consumer
prefix=$work/prefix

with_find_package() {
    cmake -S "$here/cmake_package" -B "$work/cmake_package" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" &&
        cmake --build "$work/cmake_package" &&
        "$work/cmake_package/consumer" &&
        "$work/cmake_package/framework_consumer"
}

# The client alone: nothing of the store is found, or needed.
with_the_client_only() {
    mkdir -p "$work/client"
    printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(consumer LANGUAGES CXX)' \
        'find_package(foldback CONFIG REQUIRED COMPONENTS client)' 'if(TARGET foldback::store)' \
        'message(FATAL_ERROR "the client brings the store")' 'endif()' "add_executable(consumer $here/client.cpp)" \
        'target_link_libraries(consumer PRIVATE foldback::client)' >"$work/client/CMakeLists.txt"
    cmake -S "$work/client" -B "$work/client/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" &&
        cmake --build "$work/client/build" &&
        "$work/client/build/consumer"
}

# The remote store: it brings store and client, and no framework and no server. The program then uses a server.
with_the_remote_store() {
    mkdir -p "$work/remote"
    printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(consumer LANGUAGES CXX)' \
        'find_package(foldback CONFIG REQUIRED COMPONENTS remote)' \
        'if(TARGET foldback::framework OR TARGET foldback::server OR NOT TARGET foldback::client OR NOT TARGET foldback::store)' \
        'message(FATAL_ERROR "the remote store brings store and client, and nothing else")' 'endif()' \
        "add_executable(consumer $here/remote.cpp)" 'target_link_libraries(consumer PRIVATE foldback::remote)' \
        >"$work/remote/CMakeLists.txt"
    cmake -S "$work/remote" -B "$work/remote/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" &&
        cmake --build "$work/remote/build" &&
        "$work/remote/build/consumer" &&
        over_a_server "$work/remote/build/consumer"
}

# An archive in S3: it brings store and client, and no PostgreSQL.
with_an_archive_in_s3() {
    mkdir -p "$work/s3"
    printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(consumer LANGUAGES CXX)' \
        'find_package(foldback CONFIG REQUIRED COMPONENTS s3)' \
        'if(TARGET foldback::postgres OR NOT TARGET foldback::client OR NOT TARGET foldback::store)' \
        'message(FATAL_ERROR "S3 brings store and client, and nothing else")' 'endif()' \
        "add_executable(consumer $here/s3.cpp)" 'target_link_libraries(consumer PRIVATE foldback::s3)' \
        >"$work/s3/CMakeLists.txt"
    cmake -S "$work/s3" -B "$work/s3/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$prefix" &&
        cmake --build "$work/s3/build" &&
        "$work/s3/build/consumer"
}

# over_a_server <program>: runs it with the URL of an installed server.
over_a_server() {
    local server url='' result=0
    "$prefix/bin/foldback" serve --memory --listen 127.0.0.1:0 >"$work/server.log" 2>&1 &
    server=$!
    for _ in $(seq 200); do
        url=$(grep -om 1 'http://127.0.0.1:[0-9]*' "$work/server.log") && break
        sleep 0.05
    done
    "$1" "$url" || result=$?
    kill "$server" && wait "$server" || true
    return $result
}

with_an_unknown_component() {
    mkdir -p "$work/unknown"
    printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' 'project(consumer LANGUAGES CXX)' \
        'find_package(foldback CONFIG REQUIRED COMPONENTS teleporter)' >"$work/unknown/CMakeLists.txt"
    cmake -S "$work/unknown" -B "$work/unknown/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
        -DCMAKE_PREFIX_PATH="$prefix" >"$work/unknown/log" 2>&1 && return 1
    grep "foldback has no component 'teleporter'" "$work/unknown/log"
}

with_pkg_config() {
    local directory flags
    directory=$(dirname "$(find "$prefix" -name foldback-store.pc)")
    read -ra flags < <(PKG_CONFIG_PATH=$directory pkg-config --cflags --libs foldback-store)
    mkdir -p "$work/pkg_config"
    "$compiler" -std=c++20 "$here/main.cpp" -o "$work/pkg_config/consumer" "${flags[@]}" &&
        "$work/pkg_config/consumer"
}

# Configures only: the sources themselves are compiled by the build under test.
with_fetch_content() {
    cmake -S "$here/fetch_content" -B "$work/fetch_content" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_COMPILER="$compiler" -DFOLDBACK_SOURCE_DIR="$source_dir"
}

passed=0
failed=0
expect() {
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: a program %s\n%s\n' "${1//_/ }" "$output"
    fi
}

rm -rf "$work"
cmake --install "$build_dir" --prefix "$prefix" >/dev/null

expect with_find_package
expect with_the_client_only
expect with_the_remote_store
expect with_an_archive_in_s3
expect with_an_unknown_component
expect with_pkg_config
expect with_fetch_content

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
