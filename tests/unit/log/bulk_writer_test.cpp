#include "log/bulk_writer.hpp"

#include <doctest/doctest.h>

#include "log/bytes.hpp"
#include "support/temporary_directory.hpp"
#include "unit/log/log_fixture.hpp"

namespace foldback::log::test {
namespace {

struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    friend bool operator==(const Piece&, const Piece&) = default;
};

/// A file that notes what it is asked to do.
class NotingFile final : public LogFile {
public:
    std::size_t read_at(std::uint64_t, std::span<std::byte>) const override { return 0; }
    void write_at(std::uint64_t offset, std::span<const std::byte> data) override {
        const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
        contents.resize(std::max<std::size_t>(contents.size(), offset + text.size()));
        contents.replace(offset, text.size(), text);
    }
    void sync() override {}
    void allocate(std::uint64_t) override {}
    std::uint64_t size() const override { return contents.size(); }
    void begin_writing_out(std::uint64_t offset, std::uint64_t size) noexcept override {
        begun.push_back({offset, size});
    }
    void forget_cached(std::uint64_t offset, std::uint64_t size) const noexcept override {
        forgotten.push_back({offset, size});
    }

    std::string contents;
    std::vector<Piece> begun;
    mutable std::vector<Piece> forgotten;
};

struct NotedSegment {
    NotingFile* file = new NotingFile;
    std::shared_ptr<const Segment> segment =
        std::make_shared<const Segment>(SegmentHeader{}, std::unique_ptr<LogFile>(file));
};

constexpr std::size_t mebibyte = 1 << 20;

}  // namespace

TEST_CASE("a large commit is written whole, and written out while it is being copied") {
    const NotedSegment noted;
    BulkWriter writer;
    std::string bytes(300'000, 'x');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);

    writer.write(noted.segment, 4096, bytes);

    CHECK(noted.file->contents.substr(4096) == bytes);
    CHECK(noted.file->begun == std::vector<Piece>{{4096, 131'072}, {4096 + 131'072, 131'072}});
}

TEST_CASE("the latest large commits stay cached, older ones are let go once each") {
    const NotedSegment noted;
    BulkWriter writer;
    for (std::size_t i = 0; i < 66; ++i) writer.write(noted.segment, i * mebibyte, std::string(mebibyte, 'x'));

    writer.forget_oldest();
    writer.forget_oldest();

    CHECK(noted.file->forgotten == std::vector<Piece>{{0, mebibyte}, {mebibyte, mebibyte}});
}

TEST_CASE("a log of large and small commits is read back whole after its pages were let go") {
    const foldback::test::TemporaryDirectory directory;
    Log::Options options;
    options.segment_bytes = 16 * mebibyte;
    const auto device = make_file_device(directory.path() / "store");
    std::vector<std::string> appended;
    {
        const auto opened = open_log(device, options);
        for (std::size_t i = 0; i < 80; ++i) {
            appended.push_back(std::string(i % 3 == 0 ? 100 : mebibyte * 3 / 2, static_cast<char>('a' + i % 26)));
            append(*opened.log, appended.back());
            opened.log->forget_bulk_written();
        }
        CHECK(scan_payloads(*opened.log) == appended);
    }
    CHECK(open_log(device, options).payloads == appended);
}

}  // namespace foldback::log::test
