#include <doctest/doctest.h>

#include <string>

#include "foldback/store/log_store.hpp"
#include "log/device.hpp"
#include "log/log.hpp"

/// A log whose commits are whole but whose records make no sense.
namespace foldback::index {
namespace {

/// A device whose log holds one stream's creation.
std::shared_ptr<LogDevice> device_with_stream(const std::string& path) {
    auto device = make_memory_device();
    log::Recovery recovery;
    const auto log = log::Log::open(
        device, {}, {}, [](const log::CommitView&) {}, recovery);
    log::CommitBuilder commit;
    commit.add(log::StreamCreated{
        .incarnation = {1}, .path = path, .content_type = "text/plain", .created_at_ms = 1'700'000'000'000});
    log->ensure_room(commit.size(), {2});
    log->write(commit, 1'700'000'000'000);
    return device;
}

std::string problem_of_opening(const std::string& path) {
    try {
        static_cast<void>(LogStore::over(device_with_stream(path), {.background_threads = false}));
    } catch (const StorageError& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a stored path that is none is an error that says where it stands") {
    CHECK(problem_of_opening("a/b").empty());
    for (const auto* path : {"..", "/a", "a//b", "a\nb", "\xFF"}) {
        CAPTURE(path);
        CHECK(problem_of_opening(path).find("segment 1 of the log, byte 4152") != std::string::npos);
    }
}

}  // namespace foldback::index
