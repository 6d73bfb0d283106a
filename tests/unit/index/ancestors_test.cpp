#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "index/stream_state.hpp"

/// Whose data a fork of forks reads where.
namespace foldback::index {
namespace {

constexpr std::uint64_t longest = 40;

/// Streams that fork each other, and for each of them who wrote the message at each offset.
struct Family {
    struct Member {
        StreamMeta meta;
        std::vector<std::uint64_t> written_by;
    };

    Member& fork(const Member& source, std::uint64_t offset) {
        Member fork{
            .meta = meta(members.size() + 1),
            .written_by = {source.written_by.begin(), source.written_by.begin() + static_cast<std::ptrdiff_t>(offset)}};
        fork.meta.ancestors = source.meta.ancestors.of_fork(source.meta.incarnation, {offset});
        return members.emplace_back(std::move(fork));
    }
    static StreamMeta meta(std::uint64_t incarnation) {
        return {
            .incarnation = {incarnation}, .path = StreamPath("a"), .config = {}, .source_path = {}, .ancestors = {}};
    }

    std::vector<Member> members = [] {
        std::vector<Member> first;
        first.reserve(1000);
        first.push_back({.meta = meta(1), .written_by = {}});
        return first;
    }();
};

}  // namespace

TEST_CASE("a fork of forks knows who wrote what it reads, wherever each left its source") {
    std::mt19937 random(4);
    Family family;
    while (family.members.size() < 1000) {
        auto& source = family.members[random() % family.members.size()];
        while (source.written_by.size() < longest && random() % 3 > 0)
            source.written_by.push_back(source.meta.incarnation.value);
        family.fork(source, random() % (source.written_by.size() + 1));
    }

    for (const auto& [meta, written_by] : family.members) {
        for (std::uint64_t offset = 0; offset < written_by.size(); ++offset) {
            const auto owner = meta.owner_of({offset});
            CHECK(owner.incarnation.value == written_by[offset]);
            if (owner.incarnation != meta.incarnation) CHECK(owner.end.value > offset);
            CHECK(meta.point({offset + 1}).incarnation.value == written_by[offset]);
        }
        CHECK(meta.owner_of({written_by.size()}).incarnation == meta.incarnation);
    }
}

TEST_CASE("a chain of forks may be of any length") {
    auto ancestors = Ancestors();
    for (std::uint64_t fork = 1; fork <= 1'000'000; ++fork) ancestors = ancestors.of_fork({fork}, {fork});

    CHECK(ancestors.oldest_to({0})->incarnation == Incarnation{1});
    CHECK(ancestors.oldest_to({1'000'000})->incarnation == Incarnation{1'000'000});
    CHECK(ancestors.oldest_to({1'000'001}) == nullptr);
}

}  // namespace foldback::index
