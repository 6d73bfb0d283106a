#include "store_fixture.hpp"

#include <stdexcept>
#include <thread>

namespace foldback::contract {
namespace {

constexpr std::chrono::seconds patience{30};

const char* name_of(Place place) { return place == Place::memory ? "in memory" : "in a directory"; }
const char* name_of(Driven driven) { return driven == Driven::by_threads ? "with threads" : "by hand"; }

void run(const StoreTest& test, Place place, const LogStoreOptions& options) {
    for (const auto driven : {Driven::by_hand, Driven::by_threads}) {
        const auto kind = std::string(name_of(place)) + ", " + name_of(driven);
        CAPTURE(kind);
        Fixture fixture(place, driven, options);
        test(fixture);
    }
}

ReadPage page_of(StreamStore& store, std::string_view path, const ReadFrom& from) {
    return store.read({.stream = path, .from = from, .max_bytes = 64 * 1024}).value();
}

}  // namespace

Fixture::Fixture(Place where, Driven how, LogStoreOptions with) : place(where), driven(how), options(std::move(with)) {
    options.clock = &clock;
    options.background_threads = driven == Driven::by_threads;
    if (place == Place::directory) directory = std::make_unique<TemporaryDirectory>();
    open();
}

void Fixture::open() {
    report = {};
    store = place == Place::memory ? LogStore::in_memory(options)
                                   : LogStore::open(directory->path() / "data", options, &report);
}

void Fixture::reopen(const std::function<void(const std::filesystem::path&)>& between) {
    store.reset();
    if (between) between(directory->path() / "data");
    open();
}

bool Fixture::eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        if (driven == Driven::by_hand) store->run_until_idle();
        std::this_thread::yield();
    }
    return true;
}

LogStoreOptions small_files() {
    LogStoreOptions options;
    options.segment_bytes = 512 * 1024;
    return options;
}

void on_every_store(const StoreTest& test, const LogStoreOptions& options) {
    run(test, Place::memory, options);
    run(test, Place::directory, options);
}

void on_every_directory(const StoreTest& test, const LogStoreOptions& options) { run(test, Place::directory, options); }

Messages json(std::string_view body) { return Messages::json(body).value(); }
Messages bytes(std::string data) { return Messages::bytes(std::move(data)); }

Created create_json(StreamStore& store, std::string_view path) {
    auto created = store.create({.stream = path, .config = {.content_type = json_type}}).value();
    REQUIRE(created.created);
    return created;
}

Created create_text(StreamStore& store, std::string_view path) {
    auto created = store.create({.stream = path, .config = {.content_type = text_type}}).value();
    REQUIRE(created.created);
    return created;
}

Appended append_json(StreamStore& store, std::string_view path, std::string_view body) {
    return store.append({.stream = path, .messages = json(body)}).value();
}

Appended append_text(StreamStore& store, std::string_view path, std::string text) {
    return store.append({.stream = path, .messages = bytes(std::move(text))}).value();
}

Created fork_at(StreamStore& store, std::string_view source, Offset at, std::string_view path) {
    const auto point = store.read({.stream = source, .from = at, .max_messages = 0}).value().start;
    auto created =
        store.create({.stream = path, .config = {.content_type = {}}, .fork = ForkFrom{.source = source, .at = point}})
            .value();
    REQUIRE(created.created);
    return created;
}

Strings texts(const ReadPage& page) {
    Strings all;
    for (const auto& message : page) all.emplace_back(message.data);
    return all;
}

Strings all_messages(StreamStore& store, std::string_view path, ReadFrom from) {
    Strings all;
    while (true) {
        const auto page = page_of(store, path, from);
        for (const auto& message : page) all.emplace_back(message.data);
        if (page.up_to_date) return all;
        from = page.next;
    }
}

std::string all_bytes(StreamStore& store, std::string_view path) {
    std::string all;
    for (const auto& part : all_messages(store, path)) all += part;
    return all;
}

Strings feed_of(StreamStore& store, const std::string& prefix, Position from) {
    Strings all;
    while (true) {
        const auto page = store.read_feed({.from = from, .prefix = prefix, .max_bytes = 64 * 1024});
        for (const auto& message : page.messages) {
            all.push_back(std::string(message.stream) + "@" + std::to_string(message.offset.offset.value) + "=" +
                          std::string(message.data));
        }
        if (page.up_to_date) return all;
        from = page.next;
    }
}

Strings paths_of(const StreamList& list) {
    Strings all;
    for (const auto& info : list.streams) all.push_back(info.stream.text());
    return all;
}

std::string pattern(std::size_t size, unsigned seed) {
    std::string text(size, '\0');
    auto state = seed * 2654435761U + 1;
    for (auto& byte : text) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<char>(' ' + (state >> 24) % 90);
    }
    return text;
}

}  // namespace foldback::contract
