#include <doctest/doctest.h>

#include "nodes/archived.hpp"
#include "nodes/state_text.hpp"

/// An archive whose bucket refuses, or is not heard of.
namespace foldback::nodes {
namespace {

/// A bucket that nothing is heard of.
test::ScriptedS3::Script away() {
    return [](const test::S3Request&) { return std::string(); };
}

/// Whether all is archived and moved when the archiver is run again after it failed once.
bool archives_all_after_a_failure(Archived<InBucket>& log) {
    auto archiver = std::unique_ptr<Archiver>();
    for (int failures = 0; failures < 2; ++failures) {
        try {
            if (!archiver) archiver = log.new_archiver(1);
            while (archiver->run_one()) {
            }
            return log.archived().size() == log.sealed() && log.segments->first_held() == log.sealed();
        } catch (const StorageError&) {
        }
    }
    return false;
}

}  // namespace

TEST_CASE(
    "a bucket that refuses any one request keeps no node from beginning with the log, and no archiver from its work") {
    for (int nth = 0, refused = 1; refused > 0; ++nth) {
        CAPTURE(nth);
        Archived<InBucket> log(25);
        refused = 0;
        const auto refuse = [&, left = nth](const test::S3Request&) mutable -> std::optional<std::string> {
            if (left-- != 0) return {};
            ++refused;
            return test::ScriptedS3::error(403, "AccessDenied");
        };
        log.where.server->set_script(refuse);
        CHECK(archives_all_after_a_failure(log));

        log.where.server->set_script({});
        log.before_open = [&] { log.where.server->set_script(refuse); };
        CHECK(state_of(*log.new_node()) == state_of(*log.node));
    }
}

TEST_CASE("a node begins while its bucket is out of reach, and archives when it is back") {
    Archived<InBucket> log;
    log.where.server->set_script(away());

    const auto node = log.new_node();
    CHECK(log.has_told("s3://bucket/archive/FORMAT"));
    CHECK(state_of(*node) == state_of(*log.node));
    const auto archiver = log.new_archiver(1);
    CHECK_THROWS_AS((void)archiver->run_one(), StoreUnavailable);

    log.where.server->set_script({});
    while (archiver->run_one()) {
    }
    CHECK(log.archived().size() == log.sealed());
    CHECK(log.segments->first_held() == log.sealed());
}

TEST_CASE("a node that stops does not wait for its bucket") {
    Archived<InBucket> log;
    log.archive_all(1);
    const auto shared = with_archive(std::make_shared<test::MemorySharedLog>(log.common), log.where.place(), {});

    shared->unfollow();

    const auto before = log.where.server->requests().size();
    CHECK_THROWS_AS(shared->read({1, log::segment_header_bytes}, [](const auto&) {}), StoreUnavailable);
    CHECK(log.where.server->requests().size() == before);
}

TEST_CASE("while the bucket is out of reach, what only it has is unavailable, and neither lost nor fetched anew") {
    Archived<InBucket> log(4);
    const auto copy = make_memory_device();
    (void)log.node_over(copy, log.where.place());
    for (int i = 0; i < 40; ++i) log.append("more");
    log.archive_all(1);
    const auto names = copy->list();
    log.where.server->set_script(away());

    CHECK_THROWS_AS((void)log.node_over(copy, log.where.place()), StoreUnavailable);
    CHECK_THROWS_AS((void)log.new_node(), StoreUnavailable);
    CHECK(copy->list() == names);

    log.where.server->set_script({});
    CHECK(state_of(*log.node_over(copy, log.where.place())) == state_of(*log.node));
}

}  // namespace foldback::nodes
