#include "log/verify.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "log/crc32c.hpp"
#include "log/faulty_device.hpp"
#include "log/inspection.hpp"
#include "unit/log/sample_log.hpp"

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

namespace {

/// Replaces the records of a commit by other ones of the same size, with a right checksum for the commit.
void forge_payload(LogDevice& device, Place place, const std::function<void(std::string&)>& change) {
    auto contents = read_file(device, name_of(place.segment));
    const auto size = commit_header_bytes + load_number<std::uint32_t>(contents.data() + place.byte + 32);
    auto commit = contents.substr(place.byte, size);
    change(commit);
    store_number(commit.data() + 4, crc32c(std::string_view(commit).substr(8)));
    contents.replace(place.byte, size, commit);
    write_file(device, name_of(place.segment), contents);
}

/// A device on which somebody writes: the first large read of a file does not yet see a commit that later ones see.
class ShiftingDevice final : public LogDevice {
public:
    ShiftingDevice(std::shared_ptr<LogDevice> device, std::string name, std::uint64_t unseen_byte)
        : device_(std::move(device)), name_(std::move(name)), unseen_byte_(unseen_byte) {}

    [[nodiscard]] int reads_before_the_write() const { return early_reads_; }

    std::unique_ptr<LogFile> open(std::string_view name, Open mode) override {
        auto file = device_->open(name, mode);
        if (name != name_) return file;
        return std::make_unique<File>(*this, std::move(file));
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
        File(ShiftingDevice& device, std::unique_ptr<LogFile> file) : device_(device), file_(std::move(file)) {}

        std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
            const auto count = file_->read_at(offset, out);
            const auto unseen = device_.unseen_byte_;
            if (device_.early_reads_ == 0 && offset <= unseen && unseen + 8 <= offset + count && offset >= 4096) {
                ++device_.early_reads_;
                std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(unseen - offset), 8, std::byte{0});
            }
            return count;
        }
        void write_at(std::uint64_t offset, std::span<const std::byte> data) override { file_->write_at(offset, data); }
        void sync() override { file_->sync(); }
        void allocate(std::uint64_t size) override { file_->allocate(size); }
        std::uint64_t size() const override { return file_->size(); }

    private:
        ShiftingDevice& device_;
        std::unique_ptr<LogFile> file_;
    };

    std::shared_ptr<LogDevice> device_;
    std::string name_;
    std::uint64_t unseen_byte_;
    int early_reads_ = 0;
};

}  // namespace

TEST_CASE("a sound log is found sound, and counted") {
    const Sample sample;

    const auto report = verified(*sample.device);

    CHECK(report.sound());
    CHECK(report.segments == 3);
    CHECK(report.commits == sample.payloads.size() + 2);
    CHECK(report.records == sample.payloads.size());
    CHECK(report.messages == sample.payloads.size());
    CHECK(report.torn_bytes == 0);
    CHECK(report.bytes > sample.payloads.size() * 112);
}

TEST_CASE("an empty device is a sound log without segments") { CHECK(verified(*make_memory_device()).sound()); }

TEST_CASE("a torn tail is reported and is no damage") {
    const Sample sample;
    damage(*sample.device, 3, sample.places.back().byte + 70);

    const auto report = verified(*sample.device);

    CHECK(report.sound());
    CHECK(report.torn_bytes > 100);
    CHECK(report.messages == sample.payloads.size() - 1);
}

TEST_CASE("damage is named by file and byte, once for each segment") {
    const Sample sample;
    const auto second =
        *std::find_if(sample.places.begin(), sample.places.end(), [](Place place) { return place.segment == 2; });
    damage(*sample.device, 1, sample.places[5].byte + 60);
    damage(*sample.device, 1, sample.places[8].byte + 60);
    damage(*sample.device, 2, second.byte + 1);

    const auto report = verified(*sample.device);

    REQUIRE(report.damage.size() == 2);
    CHECK(report.damage[0].starts_with("memory:0000000001.segment, byte " + std::to_string(sample.places[5].byte) +
                                       ": "));
    CHECK(report.damage[1].starts_with("memory:0000000002.segment, byte " + std::to_string(second.byte) + ": "));
    CHECK(report.messages < sample.payloads.size());
}

TEST_CASE("whatever keeps a log from being opened is found, and nothing else") {
    const Sample sample;
    const auto whole_first = read_file(*sample.device, name_of(1));

    SUBCASE("damage in the header") { damage(*sample.device, 2, 30); }
    SUBCASE("a missing segment") { sample.device->remove(name_of(2)); }
    SUBCASE("a missing first segment") { sample.device->remove(name_of(1)); }
    SUBCASE("no segment at all") {
        for (std::uint64_t number = 1; number <= 3; ++number) sample.device->remove(name_of(number));
    }
    SUBCASE("a cut segment") { write_file(*sample.device, name_of(1), whole_first.substr(0, sample.places[9].byte)); }
    SUBCASE("a segment of another log") {
        write_file(*sample.device, name_of(2), read_file(*Sample().device, name_of(2)));
    }
    SUBCASE("a segment of another log with another position") {
        const auto other = make_memory_device();
        const auto opened = open_log(other);
        while (opened.log->tail().segment < 3) append(*opened.log, std::string(1000, 'x'));
        write_file(*sample.device, name_of(2), read_file(*other, name_of(2)));
    }
    SUBCASE("a lost seal") {
        const auto last_of_first = *std::prev(
            std::find_if(sample.places.begin(), sample.places.end(), [](Place place) { return place.segment == 2; }));
        const auto size = sample.places[1].byte - sample.places[0].byte;
        write_file(*sample.device, name_of(1), whole_first.substr(0, last_of_first.byte + size));
    }
    SUBCASE("a damaged FORMAT file") { write_file(*sample.device, "FORMAT", "?"); }
    SUBCASE("a newer FORMAT file") { write_file(*sample.device, "FORMAT", "foldback store format 2\n"); }
    SUBCASE("a whole commit after a broken one at the end") {
        damage(*sample.device, 3, sample.places[sample.places.size() - 2].byte + 60);
    }

    bool opens = true;
    try {
        static_cast<void>(open_log(copy_of(*sample.device)));
    } catch (const DamagedLog&) {
        opens = false;
    }
    CHECK(verified(*sample.device).sound() == opens);
}

TEST_CASE("a segment that lost its seal is damaged where the seal should be") {
    const Sample sample;
    const auto next =
        std::find_if(sample.places.begin(), sample.places.end(), [](Place place) { return place.segment == 2; });
    const auto end = std::prev(next)->byte + (std::prev(next)->byte - std::prev(next, 2)->byte);
    write_file(*sample.device, name_of(1), read_file(*sample.device, name_of(1)).substr(0, end));

    const auto report = verified(*sample.device);

    REQUIRE(report.damage.size() == 1);
    CHECK(report.damage[0] ==
          "memory:0000000001.segment, byte " + std::to_string(end) + ": the segment ends, but another segment follows");
}

TEST_CASE("a commit that is being written while the log is verified is no damage") {
    const Sample sample;
    const auto device = std::make_shared<FaultyDevice>(1);
    for (const auto& [name, contents] : contents_of(*sample.device)) write_file(*device, name, contents);
    const auto in_flight = sample.places[sample.places.size() - 2].byte;
    ShiftingDevice shifting(device, name_of(3), in_flight);

    const auto report = verify(shifting, {});

    CHECK(shifting.reads_before_the_write() == 1);
    CHECK(report.sound());
    CHECK(report.messages == sample.payloads.size());
    CHECK(report.bytes == verified(*sample.device).bytes);
}

TEST_CASE("records that no version writes are damage even in a commit with a right checksum") {
    const Sample sample;
    const auto place = sample.places[4];
    const auto expect = [&](const std::string& what) {
        const auto report = verified(*sample.device);
        REQUIRE(report.damage.size() == 1);
        CHECK(report.damage[0].find("byte " + std::to_string(place.byte) + ": " + what) != std::string::npos);
    };

    SUBCASE("a record with a wrong checksum") {
        forge_payload(*sample.device, place, [](std::string& commit) { commit[104] ^= 1; });
        expect("record 1 is malformed");
    }
    SUBCASE("a record of an unknown type") {
        forge_payload(*sample.device, place, [](std::string& commit) { commit[64] = 77; });
        expect("record 1 is malformed");
    }
    SUBCASE("another number of records") {
        forge_payload(*sample.device, place, [](std::string& commit) { commit[36] = 2; });
        expect("the commit does not hold as many records as its header says");
    }
    SUBCASE("a position that does not follow") {
        forge_payload(*sample.device, place, [](std::string& commit) {
            commit[88] = 99;
            store_number(commit.data() + 60,
                         crc32c(std::string_view(commit).substr(64), crc32c(std::string_view(commit).substr(56, 4))));
        });
        expect("record 1 has a position that does not continue the one before");
    }
}

TEST_CASE("a commit that counts its messages wrong is damage") {
    const auto device = log_with_messages(0);
    {
        const auto opened = open_log(device);
        CommitBuilder commit;
        fill_commit(commit, "one message", {0});
        commit.count_messages(1);
        opened.log->ensure_room(commit.size(), {8});
        opened.log->write(commit, 0);
    }

    const auto report = verified(*device);

    REQUIRE(report.damage.size() == 1);
    CHECK(report.damage[0].find("as many messages as its header says") != std::string::npos);
}

TEST_CASE("a device that cannot be read is reported as damage where it fails") {
    const auto device = std::make_shared<FaultyDevice>(1);
    append(*open_log(device).log, "message 0");
    write_file(*device, "0000000002.segment", "x");
    FaultyDevice::Faults faults;
    faults.read_fails = 1;
    device->set_faults(faults);

    CHECK_THROWS_AS(static_cast<void>(verify(*device, {})), StorageError);  // not even FORMAT
    device->remove("FORMAT");

    CHECK(verify(*device, {}).damage.size() == 2);
}

TEST_CASE("verifying reports how far it has come") {
    Log::Options options;
    options.segment_bytes = 64 << 20;
    const auto device = make_memory_device();
    {
        const auto opened = open_log(device, options);
        for (int i = 0; i < 5; ++i) append(*opened.log, std::string(8 << 20, 'x'));
    }
    std::vector<std::uint64_t> done;

    CHECK(verify(*device, [&](const Progress& progress) {
              CHECK(progress.total_bytes == options.segment_bytes);
              done.push_back(progress.done_bytes);
          }).sound());

    CHECK(done.size() == 2);
    CHECK(std::is_sorted(done.begin(), done.end()));
}
