#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "foldback/store/log_store.hpp"
#include "log/device.hpp"

/// Reads that something happens to between two looks at the device, one moment after another.
namespace foldback {
namespace {

/// A device in memory that calls back, once, in the middle of a read.
class InterruptingDevice final : public LogDevice {
public:
    /// Before the read that comes after `reads` more.
    void interrupt_after(std::size_t reads, std::function<void()> work) {
        reads_left_ = reads;
        work_ = std::move(work);
    }
    [[nodiscard]] bool was_interrupted() const { return !work_; }

    std::unique_ptr<LogFile> open(std::string_view name, Open mode) override {
        return std::make_unique<File>(*this, device_->open(name, mode));
    }
    std::vector<std::string> list() const override { return device_->list(); }
    void rename(std::string_view from, std::string_view to) override { device_->rename(from, to); }
    void remove(std::string_view name) override { device_->remove(name); }
    void sync_directory() override { device_->sync_directory(); }
    std::unique_ptr<DeviceLock> try_lock() override { return device_->try_lock(); }
    std::string describe(std::string_view name) const override { return device_->describe(name); }

private:
    class File final : public LogFile {
    public:
        File(InterruptingDevice& device, std::unique_ptr<LogFile> file) : device_(device), file_(std::move(file)) {}

        std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
            device_.before_read();
            return file_->read_at(offset, out);
        }
        void write_at(std::uint64_t offset, std::span<const std::byte> data) override { file_->write_at(offset, data); }
        void sync() override { file_->sync(); }
        void allocate(std::uint64_t size) override { file_->allocate(size); }
        std::uint64_t size() const override { return file_->size(); }

    private:
        InterruptingDevice& device_;
        std::unique_ptr<LogFile> file_;
    };

    void before_read() {
        if (!work_ || reads_left_-- > 0) return;
        std::exchange(work_, nullptr)();
    }

    std::shared_ptr<LogDevice> device_ = make_memory_device();
    std::size_t reads_left_ = 0;
    std::function<void()> work_;
};

constexpr std::uint64_t message_count = 120;
constexpr std::uint64_t retained_count = 5;  ///< after truncation

/// A stream of small messages, and another that fills segments and is deleted, so that there is something to rewrite.
struct Store {
    Store() {
        LogStoreOptions options;
        options.background_threads = false;
        options.segment_bytes = 128 * 1024;
        options.rewrite_dead_fraction = 0;
        options.max_resident_streams = 0;
        store = LogStore::over(device, options);
        const StreamConfig json{.content_type = "application/json"};
        REQUIRE(store->create({.stream = "s", .config = json}).has_value());
        REQUIRE(store->create({.stream = "deleted", .config = json}).has_value());
        const std::vector<std::string> filler{'"' + std::string(5'000, 'x') + '"'};
        for (std::uint64_t i = 0; i < message_count; ++i) {
            const std::vector<std::string> message{'"' + std::string(20, static_cast<char>('a' + i % 26)) + '"'};
            REQUIRE(store->append({.stream = "s", .messages = Messages::trusted_json(message)}).has_value());
            REQUIRE(store->append({.stream = "deleted", .messages = Messages::trusted_json(filler)}).has_value());
        }
        store->run_one(LogStore::Work::checkpoint);
    }

    void work_hard() {
        while (store->run_one(LogStore::Work::checkpoint) || store->run_one(LogStore::Work::rewrite)) {
        }
    }

    std::shared_ptr<InterruptingDevice> device = std::make_shared<InterruptingDevice>();
    std::unique_ptr<LogStore> store;
};

/// Messages of a page, which must lie next to one another; their sum is left to the caller.
std::uint64_t count_of(const ReadPage& page, Direction direction) {
    std::uint64_t count = 0;
    for (const auto& message : page) {
        const auto expected =
            direction == Direction::forward ? page.start.offset.value + count : page.start.offset.value - 1 - count;
        CHECK(message.offset == Offset{expected});
        CHECK(message.data[1] == static_cast<char>('a' + expected % 26));
        ++count;
    }
    return count;
}

/// Reads to the end in small pages, from anew where the data was given up; the number of messages of the last run.
std::uint64_t read_all(Store& at, Direction direction) {
    std::uint64_t count = 0;
    ReadRequest request{.stream = "s", .direction = direction, .max_bytes = 900};
    const auto begin = direction == Direction::forward ? ReadFrom{FromStart{}} : ReadFrom{FromTail{}};
    for (request.from = begin;;) {
        const auto page = at.store->read(request);
        if (!page) {
            REQUIRE((page.error().reason == Refusal::truncated || page.error().reason == Refusal::not_found));
            if (page.error().reason == Refusal::not_found) return 0;
            count = 0;
            request.from = begin;
            continue;
        }
        count += count_of(*page, direction);
        if (page->up_to_date) return count;
        request.from = page->next;
    }
}

/// Interrupts a look at the store at every moment there is.
void at_every_moment(const std::function<void(Store&)>& work, const std::function<void(Store&)>& look) {
    for (std::size_t reads = 0;; ++reads) {
        CAPTURE(reads);
        Store at;
        at.device->interrupt_after(reads, [&] { work(at); });
        look(at);
        if (!at.device->was_interrupted()) return;
    }
}

void delete_the_other(Store& at) {
    REQUIRE(at.store->remove("deleted").has_value());
    at.work_hard();
    REQUIRE(at.store->stats().segments_rewritten > 0);
}

/// The segment that was the last one is filled, followed by others, and rewritten.
void outgrow(Store& at) {
    const std::vector<std::string> filler{'"' + std::string(5'000, 'x') + '"'};
    for (std::uint64_t i = message_count; i < message_count + 60; ++i) {
        const std::vector<std::string> message{'"' + std::string(20, static_cast<char>('a' + i % 26)) + '"'};
        REQUIRE(at.store->append({.stream = "s", .messages = Messages::trusted_json(message)}).has_value());
        REQUIRE(at.store->append({.stream = "deleted", .messages = Messages::trusted_json(filler)}).has_value());
    }
    delete_the_other(at);
}

void truncate(Store& at) {
    REQUIRE(at.store->truncate_before("s", Offset{message_count - retained_count}).has_value());
    at.work_hard();
}

}  // namespace

TEST_CASE("a read is complete though segments are rewritten under it") {
    at_every_moment(delete_the_other, [](Store& at) { CHECK(read_all(at, Direction::forward) == message_count); });
}

TEST_CASE("a backward read is complete though segments are rewritten under it") {
    at_every_moment(delete_the_other, [](Store& at) { CHECK(read_all(at, Direction::backward) == message_count); });
}

TEST_CASE("a read of a stream that is truncated under it has no gap") {
    at_every_moment(truncate, [](Store& at) {
        const auto count = read_all(at, Direction::forward);
        CHECK((count == message_count || count == retained_count));
    });
}

TEST_CASE("a backward read of a stream that is truncated under it has no gap") {
    at_every_moment(truncate, [](Store& at) { CHECK(read_all(at, Direction::backward) >= retained_count); });
}

TEST_CASE("a read of a stream that is deleted under it is refused or complete") {
    const auto remove = [](Store& at) {
        REQUIRE(at.store->remove("s").has_value());
        at.work_hard();
    };
    at_every_moment(remove, [](Store& at) {
        const auto count = read_all(at, Direction::forward);
        CHECK((count == 0 || count == message_count));
    });
}

TEST_CASE("the feed is complete though segments are rewritten under it") {
    at_every_moment(delete_the_other, [](Store& at) {
        std::uint64_t count = 0;
        Position from;
        for (bool more = true; more;) {
            const auto page = at.store->read_feed({.from = from, .prefix = "s", .max_bytes = 300});
            for (const auto& message : page.messages) CHECK(message.offset.offset == Offset{count++});
            from = page.next;
            more = !page.up_to_date;
        }
        CHECK(count == message_count);
    });
}

TEST_CASE("the feed holds every message once though its last segment is outgrown and rewritten under it") {
    at_every_moment(outgrow, [](Store& at) {
        std::uint64_t count = 0;
        Position from;
        for (bool more = true; more;) {
            const auto page = at.store->read_feed({.from = from, .prefix = "s"});
            for (const auto& message : page.messages) CHECK(message.offset.offset == Offset{count++});
            for (const auto& message : page.messages) CHECK(message.position < page.next);
            from = page.next;
            more = !page.up_to_date || !page.messages.empty();  // what comes after the end must be new
        }
        CHECK(count >= message_count);
    });
}

}  // namespace foldback
