// A store with changed files, of the log and of the index, opens and holds a beginning of what was written, or says what is
// wrong.
#include <map>
#include <vector>

#include "foldback/store/log_store.hpp"
#include "fuzz/changed_file.hpp"
#include "support/temporary_directory.hpp"

namespace {

using namespace foldback;
using foldback::fuzz::require;

constexpr int stream_count = 3;
constexpr int message_count = 40;

LogStoreOptions small_files() {
    LogStoreOptions options;
    options.background_threads = false;
    options.segment_bytes = 16 << 10;
    options.checkpoint_bytes = 4 << 10;
    return options;
}

std::string path_of(int stream) { return "s/" + std::to_string(stream); }
std::string message_of(int stream, int message) {
    return '"' + std::to_string(stream) + ":" + std::to_string(message) +
           std::string(static_cast<std::size_t>(message) * 7, 'x') + '"';
}

using Files = std::map<std::string, std::string>;

Files sound_files(const std::filesystem::path& directory) {
    {
        const auto store = LogStore::open(directory, small_files());
        for (int i = 0; i < stream_count; ++i)
            (void)store->create({.stream = path_of(i), .config = {.content_type = "application/json"}});
        for (int i = 0; i < message_count; ++i) {
            for (int stream = 0; stream < stream_count; ++stream) {
                const std::vector<std::string> message{message_of(stream, i)};
                (void)store->append({.stream = path_of(stream), .messages = Messages::trusted_json(message)});
            }
            if (i == message_count / 2) store->run_one(LogStore::Work::checkpoint);
        }
    }
    Files files;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        files[entry.path().filename().string()] = fuzz::contents_of(entry.path());
    return files;
}

void change(Files& files, fuzz::Numbers& numbers) {
    auto file = files.begin();
    std::advance(file, numbers.next(1) % files.size());
    if (numbers.next(1) % 16 == 0)
        files.erase(file);
    else
        file->second = fuzz::damaged(file->second, numbers);
}

/// A stream is what was written to it, up to some place.
void check_stream(LogStore& store, int stream) {
    ReadRequest request{.stream = path_of(stream), .max_bytes = 2'000};
    int count = 0;
    for (;;) {
        const auto page = store.read(request);
        if (!page) return;
        for (const auto& message : *page) {
            require(count < message_count && message.data == message_of(stream, count), "a message is another one");
            ++count;
        }
        if (page->up_to_date) return;
        request.from = page->next;
    }
}

void check_store(const std::filesystem::path& directory) {
    const auto store = LogStore::open(directory, small_files());
    for (int i = 0; i < stream_count; ++i) check_stream(*store, i);
    (void)store->list({});
    const std::vector<std::string> message{"1"};
    const auto appended = store->append({.stream = "new",
                                         .messages = Messages::trusted_json(message),
                                         .create_with = StreamConfig{.content_type = "application/json"}});
    require(appended.has_value() && appended->next.offset == Offset{1}, "an opened store takes no append");
    store->run_until_idle();
    for (int i = 0; i < stream_count; ++i) check_stream(*store, i);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const test::TemporaryDirectory directory(fuzz::fast_directory());
    static const auto sound = sound_files(directory.path() / "sound");
    fuzz::Numbers numbers(fuzz::text_of(data, size));
    auto files = sound;
    for (int changes = 0; changes < 6 && !numbers.done() && !files.empty(); ++changes) change(files, numbers);
    const auto changed = directory.path() / "changed";
    std::filesystem::create_directory(changed);
    for (const auto& [name, contents] : files) fuzz::replace_contents(changed / name, contents);
    try {
        check_store(changed);
    } catch (const StorageError&) {
        // It said so.
    }
    std::filesystem::remove_all(changed);
    return 0;
}
