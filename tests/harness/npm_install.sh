# install_packages <folder>: the npm packages of its lock file, once per lock file. To be sourced.
install_packages() {
    local folder=$1
    if [ ! -e "$folder/node_modules/.package-lock.json" ] ||
        [ "$folder/package-lock.json" -nt "$folder/node_modules/.package-lock.json" ]; then
        (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error >&2) || return 1
        touch "$folder/node_modules/.package-lock.json"
    fi
}
