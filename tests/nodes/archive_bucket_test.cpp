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
    CHECK(log.has_told("a request to s3://bucket failed"));
    CHECK(state_of(*node) == state_of(*log.node));
    const auto archiver = log.new_archiver(1);
    CHECK_THROWS_AS((void)archiver->run_one(), StoreUnavailable);

    log.where.server->set_script({});
    while (archiver->run_one()) {
    }
    CHECK(log.archived().size() == log.sealed());
    CHECK(log.segments->first_held() == log.sealed());
}

TEST_CASE("that a segment cannot be read is told once, and again when it could be read meanwhile") {
    Archived<InBucket> log;
    log.archive_all(1);
    std::vector<std::string> told;
    const auto shared = with_archive(std::make_shared<test::MemorySharedLog>(log.common), log.where.place(),
                                     {.on_trouble = [&](const std::string& what) { told.push_back(what); }});
    const auto read = [&] { shared->read({1, log::segment_header_bytes}, [](const auto&) {}); };

    for (int failures = 0; failures < 2; ++failures) {
        log.where.fail(1);
        for (int tries = 0; tries < 3; ++tries) CHECK_THROWS_AS(read(), StoreUnavailable);
        CHECK(told.size() == 1U + static_cast<unsigned>(failures));
        log.where.work();
        CHECK_NOTHROW(read());
    }
}

TEST_CASE("an archiver that goes on for another one asks for nothing that has left the log") {
    Archived<InBucket> log;
    log.archive_all(1);
    for (int i = 0; i < 20; ++i) log.append("more");
    const auto before = log.where.server->requests().size();
    const auto first = "/bucket/archive/" + log::segment_name(log.segments->first_held());

    log.archive_all(1);

    const auto requests = log.where.server->requests();
    CHECK(requests.size() > before + 5);
    CHECK(std::all_of(requests.begin() + static_cast<std::ptrdiff_t>(before), requests.end(),
                      [&](const auto& one) { return !one.path.ends_with(".segment") || one.path >= first; }));
    CHECK(log.archived().size() == log.sealed());
}

TEST_CASE("a log is out of reach while its archive is that has what is needed, and no longer") {
    Archived<InBucket> log;
    log.archive_all(1);
    const auto shared = with_archive(std::make_shared<test::MemorySharedLog>(log.common), log.where.place(), {});
    const auto read = [&](log::Place from) { shared->read(from, [](const auto&) {}); };
    read({log.segments->last(), log::segment_header_bytes});
    CHECK(shared->reachable());

    log.where.fail(1);
    CHECK_THROWS_AS(read({1, log::segment_header_bytes}), StoreUnavailable);
    CHECK_FALSE(shared->reachable());
    CHECK_THROWS_AS((void)shared->holds({.place = {1, log::segment_header_bytes}, .crc = 0}), StoreUnavailable);
    CHECK_FALSE(shared->reachable());

    log.where.work();
    CHECK_NOTHROW(read({1, log::segment_header_bytes}));
    CHECK(shared->reachable());
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

}  // namespace foldback::nodes
