#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "index/index_db.hpp"
#include "support/temporary_directory.hpp"

/// A damaged index is an error, never another truth.
namespace foldback::index {
namespace {

class Directory : public test::TemporaryDirectory {
public:
    [[nodiscard]] std::filesystem::path index() const { return path() / "index.db"; }
};

constexpr std::uint64_t stream_count = 60;

std::string path_of(std::uint64_t incarnation) { return "orders/" + std::to_string(incarnation); }

void fill(IndexDb& index) {
    Checkpoint checkpoint;
    checkpoint.covered = {.segment = 1, .byte = 4096};
    checkpoint.next_position = {stream_count};
    checkpoint.next_incarnation = {stream_count + 1};
    for (std::uint64_t incarnation = 1; incarnation <= stream_count; ++incarnation) {
        StreamRow row;
        row.meta = std::make_shared<StreamMeta>(StreamMeta{.incarnation = {incarnation},
                                                           .path = path_of(incarnation),
                                                           .config = {},
                                                           .source_path = {},
                                                           .ancestors = {}});
        row.tail = {incarnation * 3};
        row.producer_count = 1;
        row.unsaved_producers = {{"producer", {.epoch = 1, .seq = incarnation}}};
        row.unsaved_chunks = {{.first = {0},
                               .first_position = {incarnation},
                               .extent = incarnation * 3,
                               .segment = 1,
                               .byte = 4096,
                               .length = 100}};
        checkpoint.changed.push_back(std::move(row));
    }
    index.save(checkpoint, [](std::uint64_t) { return std::uint64_t{0}; });
}

/// Everything that the index says, in one text; nothing when it noticed the damage.
std::optional<std::string> contents(const std::filesystem::path& file) {
    try {
        IndexDb index(file);
        const auto head = index.head();
        auto text = std::to_string(head.next_position.value) + " " + std::to_string(head.covered.byte);
        for (std::uint64_t incarnation = 1; incarnation <= stream_count; ++incarnation) {
            const auto row = index.find(path_of(incarnation));
            const auto producer = index.find_producer({incarnation}, "producer");
            const auto extents = index.extents_from({incarnation}, {0}, 10);
            text += '\n' + (row ? row->meta->path.text() + " " + std::to_string(row->tail.value) : "no stream");
            text += producer ? " " + std::to_string(producer->seq) : " no producer";
            for (const auto& extent : extents)
                text += " " + std::to_string(extent.end.value) + "/" + std::to_string(extent.bytes);
        }
        return text + "\n" + std::to_string(index.stream_count());
    } catch (const StorageError&) {
        return std::nullopt;
    }
}

}  // namespace

TEST_CASE("no flipped bit of an index changes what it says") {
    const Directory directory;
    {
        IndexDb index(directory.index());
        fill(index);
    }
    const auto sound = contents(directory.index());
    REQUIRE(sound);
    const auto copy = directory.index().string() + ".copy";
    std::filesystem::copy_file(directory.index(), copy);
    const auto size = std::filesystem::file_size(copy);
    std::uint64_t noticed = 0;

    for (std::uint64_t byte = 0; byte < size; byte += 61) {
        IndexDb::discard(directory.index());
        std::filesystem::copy_file(copy, directory.index());
        std::fstream file(directory.index(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(byte));
        const auto flipped = static_cast<char>(file.get() ^ (1 << byte % 8));
        file.seekp(static_cast<std::streamoff>(byte));
        file.put(flipped);
        file.close();

        const auto damaged = contents(directory.index());
        const bool wrong = damaged && damaged != sound;
        CHECK_FALSE(wrong);
        noticed += damaged ? 0 : 1;
    }

    CHECK(noticed > size / 61 / 2);  // the other pages were not asked for
}

TEST_CASE("an index that turns out to be damaged is gone, so that the next opening makes a new one") {
    const Directory directory;
    {
        IndexDb index(directory.index());
        fill(index);
    }
    const auto size = std::filesystem::file_size(directory.index());
    for (std::uint64_t byte = 4096; byte < size; byte += 4096) {
        std::fstream file(directory.index(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(byte + 2048));
        for (int i = 0; i < 64; ++i) file.put('\x55');
    }

    CHECK_FALSE(contents(directory.index()));

    CHECK_FALSE(std::filesystem::exists(directory.index()));
}

TEST_CASE("whoever reads an index that is gone does not begin another one") {
    const Directory directory;
    IndexDb index(directory.index());
    std::filesystem::remove(directory.index());

    CHECK_THROWS_AS(static_cast<void>(index.find(path_of(1))), StorageError);

    CHECK_FALSE(std::filesystem::exists(directory.index()));
}

}  // namespace foldback::index
