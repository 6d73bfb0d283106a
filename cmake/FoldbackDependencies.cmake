# Every third-party library, found once, at the root, so that a static foldback::store can pass on what it links.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)           # headers only
find_package(SQLite3 REQUIRED)
find_package(SQLiteCpp CONFIG REQUIRED)
find_package(simdjson CONFIG REQUIRED)
find_package(ISAL REQUIRED)                 # CRC32C
find_package(nlohmann_json REQUIRED)        # documents: diffs and patches of the history

if(FOLDBACK_POSTGRES)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
endif()
if(FOLDBACK_SERVER OR FOLDBACK_CLIENT)
    find_package(ZLIB REQUIRED)
    find_package(OpenSSL REQUIRED)
endif()
if(FOLDBACK_SERVER)
    find_package(spdlog REQUIRED)           # the compiled library with Debian's fmt
    find_package(CLI11 REQUIRED)
endif()

if(FOLDBACK_TESTS)
    find_package(doctest REQUIRED)
endif()
