#!/usr/bin/env bash
# What is delivered: how the program is hardened, what the Debian packages hold, what it is made of, recipes that parse.
# `./dev package --check` installs the packages in a fresh root, which takes minutes.
# usage: run.sh [<build dir>]
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build_dir=$(realpath "${1:-$source_dir/build/release}")
program=$build_dir/bin/foldback
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

source "$source_dir/tests/harness/counts.sh"

check() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then pass; else fail "$what"$'\n'"$(tail -n 30 "$work/log")"; fi
}

# has <pattern> <command>...: the command prints a line that matches.
has() {
    local pattern=$1
    shift
    "$@" >"$work/printed"
    grep -qE -- "$pattern" "$work/printed" || { cat "$work/printed"; return 1; }
}
lacks() { ! has "$@" >/dev/null; }

version=$("$program" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+')

check "the program is loaded anywhere in memory" has 'Flags:.* PIE' readelf --dynamic --wide "$program"
check "the program binds its symbols before it runs" has 'Flags:.*NOW' readelf --dynamic --wide "$program"
check "the program's relocations are read-only" has 'GNU_RELRO' readelf --program-headers --wide "$program"
check "the program's stack is not executable" has 'GNU_STACK .* RW ' readelf --program-headers --wide "$program"
check "the program's stack has canaries" has '__stack_chk_fail' readelf --symbols --wide "$program"
check "the program's copies are checked" has '__[a-z]+_chk' readelf --symbols --wide "$program"
check "the program looks for libraries nowhere else" lacks 'RUNPATH|RPATH' readelf --dynamic --wide "$program"

make_packages() {
    cd "$work"
    cpack --config "$build_dir/CPackConfig.cmake" -B "$work"
    mv foldback_*.deb program.deb
    mv libfoldback-dev_*.deb libraries.deb
}
check "the packages are made" make_packages
check "the program's package says its version" has "^ Version: $version\$" dpkg-deb --info "$work/program.deb"
check "the program's package says what it needs" has '^ Depends: .*libsqlite3-0.*libssl3' dpkg-deb --info "$work/program.deb"
for file in usr/bin/foldback usr/lib/systemd/system/foldback.service usr/share/man/man1/foldback.1 usr/share/doc/foldback/copyright \
    usr/share/doc/foldback/foldback.spdx.json usr/share/bash-completion/completions/foldback; do
    check "the program's package has $file" has " \./$file\$" dpkg-deb --contents "$work/program.deb"
done
for file in usr/include/foldback/app/repository.hpp 'usr/lib/.*libfoldback_store\.a' 'usr/lib/.*cmake/foldback/foldbackConfig\.cmake'; do
    check "the libraries' package has $file" has " \./$file\$" dpkg-deb --contents "$work/libraries.deb"
done
all_belong_to_root() { ! dpkg-deb --contents "$work/program.deb" | awk '$2 != "root/root"' | grep .; }
check "all files belong to root" all_belong_to_root

runs_from_package() {
    dpkg-deb --extract "$work/program.deb" "$work/root"
    has "$version" "$work/root/usr/bin/foldback" --version
}
check "the program in the package runs" runs_from_package
check "what it is made of is a JSON document" node -e '
    const made = JSON.parse(require("fs").readFileSync(process.argv[1]))
    const linked = new Set(made.relationships.map((link) => link.relatedSpdxElement))
    for (const each of made.packages) {
        if (!each.versionInfo || !linked.has(each.SPDXID)) throw new Error(`${each.name} has no version or belongs to nothing`)
    }' "$work/root/usr/share/doc/foldback/foldback.spdx.json"

# The Debian packages of the libraries that the program names itself: what they bring along is theirs.
packages_of_libraries() {
    local library owner
    readelf --dynamic --wide "$program" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' >"$work/needed"
    ldd "$program" | grep -Ff "$work/needed" | grep -oE '/\S+\.so\S*' | xargs -n 1 readlink -f | while read -r library; do
        # Packages of before /usr was merged name the file without it.
        owner=$({ dpkg-query --search "$library" || dpkg-query --search "${library#/usr}"; } 2>/dev/null | cut -d: -f1 | head -n 1)
        case $owner in
            libc6 | libgcc-s1 | libstdc++6) ;;
            *) echo "${owner:-no package: $library}" ;;
        esac
    done | sort -u
}
packages_of_libraries >"$work/owners"

names_every_library() {
    local owner
    while read -r owner; do
        # libsqlite3-0 is what libsqlite3-dev brings.
        grep -qE "\"name\":\"$(sed -E 's/[0-9.-]*(-fmt[0-9]+)?$//' <<<"$owner")" "$work/root/usr/share/doc/foldback/foldback.spdx.json" ||
            { echo "$owner is loaded and not named"; return 1; }
    done <"$work/owners"
}
check "what it is made of names every library that it loads" names_every_library

image_has_every_library() {
    local owner
    while read -r owner; do
        grep -qE "[ \\]$owner( |\$)" "$source_dir/packaging/docker/Dockerfile" || { echo "$owner is not installed in the image"; return 1; }
    done <"$work/owners"
}
check "the container image installs every library that the program loads" image_has_every_library

check "the recipe for vcpkg is a JSON document of this version" node -e '
    const port = JSON.parse(require("fs").readFileSync(process.argv[1]))
    if (port.version !== process.argv[2]) throw new Error(`it says ${port.version}`)' "$source_dir/packaging/vcpkg/foldback/vcpkg.json" "$version"
check "the recipe for Conan is of this version" grep -qF "version = \"$version\"" "$source_dir/conanfile.py"

finish
