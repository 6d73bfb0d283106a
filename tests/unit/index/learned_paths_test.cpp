#include <doctest/doctest.h>

#include <string>

#include "unit/index/catalog_of_streams.hpp"

namespace foldback::index {
namespace {

std::string kept_path(std::uint64_t number) { return "kept/" + std::to_string(number); }

}  // namespace

TEST_CASE("memory of the paths that streams had follows the streams there are, and none of these is missed") {
    constexpr std::uint64_t kept = 12'000;
    constexpr std::uint64_t passing = 10'000;
    CatalogOfStreams at;
    log::CommitBuilder first;
    for (std::uint64_t i = 0; i < kept; ++i) at.create(kept_path(i), first);
    at.fold(first);
    at.checkpoint();

    for (std::uint64_t round = 0; round < 60; ++round) {
        log::CommitBuilder commit;
        for (std::uint64_t i = 0; i < passing; ++i) {
            at.create("passing/" + std::to_string(round) + "/" + std::to_string(i), commit);
            commit.add(log::StreamDeleted{.incarnation = {at.next - 1}});
        }
        at.create("late/" + std::to_string(round), commit);  // in memory alone when paths are learned
        at.fold(commit);
        while (at.catalog.learn_paths()) {
        }
        at.checkpoint();
    }

    CHECK(at.catalog.path_bytes() <= 300'000);  // all 600,000 would take a megabyte
    int missed = 0;
    for (std::uint64_t i = 0; i < kept; ++i) missed += at.catalog.find(kept_path(i)) ? 0 : 1;
    for (int round = 0; round < 60; ++round) missed += at.catalog.find("late/" + std::to_string(round)) ? 0 : 1;
    CHECK(missed == 0);
    CHECK_FALSE(at.catalog.find("passing/7/7"));
}

}  // namespace foldback::index
