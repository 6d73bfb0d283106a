#include "cli/open_files.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

using namespace foldback::cli;

TEST_CASE("connections get what files the store leaves") {
    CHECK(connections_within(1'048'576, 1, 10'000) == 10'000);
    CHECK(connections_within(1024, 1, 10'000) == 768);
    CHECK(connections_within(1024, 5, 10'000) == 128);
    CHECK(connections_within(1024, 6, 10'000) == 0);
    CHECK(connections_within(1024, 1, 5) == 5);
    CHECK(connections_within(256, 1, 10'000) == 0);
    CHECK(connections_within(100, 1, 10'000) == 0);
    CHECK(connections_within(UINT64_MAX, 1, 10'000) == 10'000);
}

TEST_CASE("the limit of open files is raised as far as the system allows") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit low{.rlim_cur = 128, .rlim_max = before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);

    const auto limit = raise_open_file_limit();

    rlimit after{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &before));
    CHECK(limit == before.rlim_max);
    CHECK(after.rlim_cur == before.rlim_max);
}
