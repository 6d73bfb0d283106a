#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "foldback/store/archive.hpp"
#include "log/archive_place.hpp"
#include "log/faulty_device.hpp"
#include "log/log_files.hpp"
#include "support/environment.hpp"
#include "support/memory_shared_log.hpp"
#include "support/scripted_s3.hpp"
#include "support/temporary_directory.hpp"

/// The places that an archive may have, with hands on what is in them, and a log that is archived there.
namespace foldback::nodes {

class InDirectory {
public:
    [[nodiscard]] std::shared_ptr<ArchivePlace> place() const { return place_on(device); }
    [[nodiscard]] std::vector<std::string> names() const { return device->list(); }
    [[nodiscard]] std::string contents(const std::string& name) const {
        const auto file = device->open(name, LogDevice::Open::read_only);
        std::string bytes(file->size(), '\0');
        (void)file->read_at(0, std::as_writable_bytes(std::span(bytes)));
        return bytes;
    }
    void set(const std::string& name, const std::string& bytes) {
        log::discard_file(*device, name);
        device->open(name, LogDevice::Open::create_new)->write_at(0, std::as_bytes(std::span(bytes)));
    }
    void remove(const std::string& name) { device->remove(name); }

    static constexpr int kinds_of_failure = 1;
    void fail(int /*kind*/) { device->set_faults({.read_fails = 1.0}); }
    void work() { device->set_faults({}); }

    std::shared_ptr<FaultyDevice> device = std::make_shared<FaultyDevice>(1);
};

class InBucket {
public:
    [[nodiscard]] std::shared_ptr<ArchivePlace> place() const {
        return S3Bucket("s3://bucket/archive", server->options()).place({}, scratch->path());
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [path, bytes] : server->objects()) all.push_back(path.substr(path.rfind('/') + 1));
        return all;
    }
    [[nodiscard]] std::string contents(const std::string& name) const { return server->objects().at(prefix + name); }
    void set(const std::string& name, const std::string& bytes) { server->set(prefix + name, bytes); }
    void remove(const std::string& name) { server->remove(prefix + name); }

    static constexpr int kinds_of_failure = 4;
    void fail(int kind) {
        const std::vector answers{std::string(), test::ScriptedS3::error(503, "SlowDown"),
                                  test::ScriptedS3::error(403, "ExpiredToken"),
                                  server::reply("404 Not Found", "default backend - 404")};
        server->set_script([answer = answers.at(static_cast<std::size_t>(kind))](const auto&) { return answer; });
    }
    void work() { server->set_script({}); }

    std::string prefix = "/bucket/archive/";
    std::shared_ptr<test::ScriptedS3> server = std::make_shared<test::ScriptedS3>();
    std::shared_ptr<test::TemporaryDirectory> scratch = std::make_shared<test::TemporaryDirectory>();
};

/// Writes over a byte in the middle of what has that name.
template <class Where>
void damage(Where& where, const std::string& name) {
    auto bytes = where.contents(name);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    where.set(name, bytes);
}

inline constexpr std::uint64_t segment_bytes = 16 * 1024;

/// A log of some segments, its archive, and the one node that wrote it.
template <class Where>
struct Archived {
    explicit Archived(int appends = 40, const std::string& text = {}) : node(new_node(nullptr)) {
        REQUIRE(node->create({.stream = "a", .config = {.content_type = "application/json"}}).value().created);
        for (int i = 0; i < appends; ++i) append(text + std::to_string(i));
    }

    void append(const std::string& text) const {
        const auto body = '"' + text + std::string(1'500, 'x') + '"';
        REQUIRE(node->append({.stream = "a", .messages = Messages::json(body).value()}).has_value());
    }

    [[nodiscard]] std::unique_ptr<LogStore> new_node() { return new_node(where.place()); }
    /// A node that begins with nothing; without a place it knows no archive.
    [[nodiscard]] std::unique_ptr<LogStore> new_node(const std::shared_ptr<ArchivePlace>& archive) {
        return node_over(make_memory_device(), archive);
    }
    [[nodiscard]] std::unique_ptr<LogStore> node_over(const std::shared_ptr<LogDevice>& copy,
                                                      const std::shared_ptr<ArchivePlace>& archive) {
        std::shared_ptr<SharedLog> shared = std::make_shared<test::MemorySharedLog>(common);
        const auto told = [this](const std::string& what) { trouble.push_back(what); };
        const auto progress = [this](const Progress&) { ++segments_taken; };
        if (archive) shared = with_archive(std::move(shared), archive, {.on_trouble = told, .on_progress = progress});
        LogStoreOptions options;
        options.segment_bytes = segment_bytes;
        options.clock = &clock;
        options.background_threads = false;
        if (before_open) before_open();
        return LogStore::over_shared(std::move(shared), copy, options);
    }

    [[nodiscard]] std::unique_ptr<Archiver> new_archiver(std::uint64_t segments_in_log = 0) {
        const auto told = [this](const std::string& what) { trouble.push_back(what); };
        return std::make_unique<Archiver>(
            segments, where.place(),
            ArchiverOptions{.segments_in_log = segments_in_log, .background_thread = false, .on_trouble = told});
    }
    void archive_all(std::uint64_t segments_in_log = 0) {
        const auto archiver = new_archiver(segments_in_log);
        while (archiver->run_one()) {
        }
    }
    [[nodiscard]] std::uint64_t sealed() const { return segments->last() - 1; }
    [[nodiscard]] std::vector<std::uint64_t> archived() const {
        std::vector<std::uint64_t> numbers;
        for (const auto& name : where.names()) {
            if (const auto number = log::segment_number_of(name)) numbers.push_back(*number);
        }
        return numbers;
    }
    [[nodiscard]] bool has_told(std::string_view what) const {
        return std::ranges::any_of(trouble, [&](const auto& one) { return one.find(what) != std::string::npos; });
    }

    ManualClock clock;
    std::shared_ptr<test::SharedCommits> common = std::make_shared<test::SharedCommits>(segment_bytes);
    std::shared_ptr<test::MemorySharedSegments> segments = std::make_shared<test::MemorySharedSegments>(common);
    Where where;
    std::vector<std::string> trouble;
    int segments_taken = 0;
    std::function<void()> before_open;  ///< between opening the archive and the node
    std::unique_ptr<LogStore> node;
};

}  // namespace foldback::nodes
