#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "log/bytes.hpp"
#include "log/log.hpp"
#include "log/log_files.hpp"
#include "log/record.hpp"

/// What the tests of the log share: a log whose commits hold one message each, and copies of its files.
namespace foldback::log::test {

/// That of the DeviceError which `work` throws; none when it throws none.
inline std::errc error_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const DeviceError& error) {
        return static_cast<std::errc>(error.code().value());
    }
    return {};
}

inline constexpr std::uint64_t small_segment_bytes = 8192;

inline constexpr std::string_view first_segment = "0000000001.segment";
inline constexpr std::string_view second_segment = "0000000002.segment";

inline Log::Options small_segments() {
    Log::Options options;
    options.segment_bytes = small_segment_bytes;
    return options;
}

/// An opened log and what opening handed over.
struct OpenedLog {
    std::unique_ptr<Log> log;
    Recovery recovery;
    std::vector<std::string> payloads;
    std::vector<Place> places;  ///< of the commits with records
};

inline std::string payload_of(const CommitView& commit) {
    std::string payload;
    for (std::string_view rest = commit.payload; !rest.empty();) {
        const auto record = decode_record(rest, true);
        if (!record) return "a record that is not valid";
        if (const auto appended = decode_appended(*record)) payload += appended->payload;
        rest.remove_prefix(record->bytes.size());
    }
    return payload;
}

inline OpenedLog open_log(const std::shared_ptr<LogDevice>& device, Log::Options options = small_segments(),
                          Place from = {}) {
    OpenedLog opened;
    const auto collect = [&](const CommitView& commit) {
        if (commit.header.records == 0) return;
        opened.payloads.push_back(payload_of(commit));
        opened.places.push_back(commit.place);
    };
    opened.log = Log::open(device, std::move(options), from, collect, opened.recovery);
    return opened;
}

inline void fill_commit(CommitBuilder& commit, std::string_view payload, Position position) {
    MessagesAppended record;
    record.incarnation = {7};
    record.first_position = position;
    record.count = 1;
    record.extent = payload.size();
    record.payload = payload;
    commit.clear();
    commit.add(record);
    commit.count_messages(1);
}

/// Appends one commit of one message.
inline Place append(Log& log, std::string_view payload) {
    CommitBuilder commit;
    fill_commit(commit, payload, log.next_position());
    log.ensure_room(commit.size(), {8});
    return log.write(commit, 1'700'000'000'000);
}

inline std::vector<std::string> scan_payloads(const Log& log, Place from = {}) {
    std::vector<std::string> payloads;
    log.scan(from, log.tail(), [&](const CommitView& commit) {
        if (commit.header.records != 0) payloads.push_back(payload_of(commit));
        return true;
    });
    return payloads;
}

inline std::string read_file(LogDevice& device, std::string_view name) {
    const auto file = device.open(name, LogDevice::Open::read_only);
    std::string contents(file->size(), '\0');
    contents.resize(file->read_at(0, std::as_writable_bytes(std::span(contents))));
    return contents;
}

/// Creates a file or replaces its contents.
inline void write_file(LogDevice& device, std::string_view name, std::string_view contents) {
    discard_file(device, name);
    const auto file = device.open(name, LogDevice::Open::create_new);
    file->write_at(0, as_bytes(contents));
    file->sync();
    device.sync_directory();
}

inline void flip_bit(LogDevice& device, std::string_view name, std::uint64_t byte) {
    auto bytes = read_file(device, name);
    bytes[byte] ^= 1;
    write_file(device, name, bytes);
}

/// A device in memory with the same files.
inline std::shared_ptr<LogDevice> copy_of(LogDevice& device) {
    auto copy = make_memory_device();
    for (const auto& name : device.list()) write_file(*copy, name, read_file(device, name));
    return copy;
}

/// Every file's name and contents.
inline std::vector<std::pair<std::string, std::string>> contents_of(LogDevice& device) {
    std::vector<std::pair<std::string, std::string>> contents;
    for (const auto& name : device.list()) contents.emplace_back(name, read_file(device, name));
    return contents;
}

/// A log of `count` short commits whose payloads are "message 0", "message 1", …, closed again.
inline std::shared_ptr<LogDevice> log_with_messages(int count) {
    auto device = make_memory_device();
    const auto opened = open_log(device);
    for (int i = 0; i < count; ++i) append(*opened.log, "message " + std::to_string(i));
    return device;
}

inline std::vector<std::string> messages(int count) {
    std::vector<std::string> all;
    all.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) all.push_back("message " + std::to_string(i));
    return all;
}

/// A log of several segments, and what is in it.
struct LongLog {
    std::shared_ptr<LogDevice> device = make_memory_device();
    std::vector<std::string> payloads;
    Place tail;

    explicit LongLog(std::uint64_t segments) {
        const auto opened = open_log(device);
        while (opened.log->tail().segment < segments) {
            payloads.push_back("message " + std::to_string(payloads.size()));
            append(*opened.log, payloads.back());
        }
        tail = opened.log->tail();
    }
};

/// Appends until the log is in its segment of that number.
inline void append_until_segment(Log& log, std::uint64_t number, std::vector<std::string>& appended) {
    while (log.tail().segment < number) {
        appended.push_back("message " + std::to_string(appended.size()));
        append(log, appended.back());
    }
}

}  // namespace foldback::log::test
