// Snapshots in a file whose bytes were changed are those that were saved, or are not there; any text is a state or a clear
// error.
#include <map>
#include <optional>
#include <vector>

#include "foldback/app/snapshot_store.hpp"
#include "foldback/core/codec.hpp"
#include "fuzz/changed_file.hpp"
#include "support/temporary_directory.hpp"

namespace {

using namespace foldback;
using foldback::fuzz::require;

struct State {
    std::map<std::string, std::int64_t> lines;
    std::optional<std::string> customer;
    std::vector<double> weights;
    bool paid = false;
};
BOOST_DESCRIBE_STRUCT(State, (), (lines, customer, weights, paid))

void check_text(std::string_view text) {
    try {
        const auto written = to_json(from_json<State>(text));
        require(to_json(from_json<State>(written)) == written, "a state that was written reads differently");
    } catch (const JsonError&) {
        // It said so.
    }
}

SnapshotKey key_of(int number) { return {.stream = "orders/1", .incarnation = {3}, .fingerprint = unsigned(number)}; }

Snapshot snapshot_of(int number) {
    return {.offset = {10U + unsigned(number)},
            .taken_at = Timestamp{std::chrono::milliseconds{1000 + number}},
            .state = std::string(static_cast<std::size_t>(number) * 500 + 1, char('a' + number))};
}

constexpr int snapshot_count = 6;

std::string sound_file(const std::filesystem::path& directory) {
    {
        SqliteSnapshots snapshots(directory / "sound.db", {.keep_per_stream = snapshot_count});
        for (int i = 0; i < snapshot_count; ++i) snapshots.save(key_of(i), snapshot_of(i));
    }
    return fuzz::contents_of(directory / "sound.db");
}

void check_file(const std::filesystem::path& file) {
    SqliteSnapshots snapshots(file);
    for (int i = 0; i < snapshot_count; ++i) {
        const auto found = snapshots.load(key_of(i));
        if (!found) continue;
        const auto saved = snapshot_of(i);
        require(found->state == saved.state && found->offset == saved.offset, "a snapshot is another one");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const test::TemporaryDirectory directory(fuzz::fast_directory());
    static const auto sound = sound_file(directory.path());
    const auto input = fuzz::text_of(data, size);
    check_text(input);

    fuzz::Numbers numbers(input);
    auto contents = sound;
    for (int changes = 0; changes < 8 && !numbers.done(); ++changes) contents = fuzz::damaged(contents, numbers);
    const auto file = directory.path() / "changed.db";
    fuzz::replace_contents(file, contents);
    try {
        check_file(file);
    } catch (const DatabaseError&) {
        // It said so.
    }
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
    return 0;
}
