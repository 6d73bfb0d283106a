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
expect with_an_unknown_component
expect with_pkg_config
expect with_fetch_content

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
