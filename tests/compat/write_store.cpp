// Writes a store with everything that a store can hold, and what is in it: for tests/compat/stores, once for each format.
// usage: write_store DIRECTORY     DIRECTORY.txt gets the contents
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "compat/contents.hpp"

namespace {

using namespace foldback;
using namespace std::chrono_literals;

const StreamConfig json{.content_type = "application/json"};

template <class Value>
void must(const Result<Value>& outcome) {
    if (!outcome) throw std::runtime_error("refused: " + outcome.error().detail);
}

Messages events(std::initializer_list<std::string_view> texts) {
    return Messages::trusted_json(std::span(texts.begin(), texts.size()));
}

void write_plain(LogStore& store) {
    must(store.create({.stream = "orders/1", .config = json, .initial = events({R"({"type":"OrderPlaced"})"})}));
    must(store.append({.stream = "orders/1", .messages = events({"1e400", R"({"a":1,"a":2})", R"("größe 日本")"})}));
    must(store.create({.stream = "orders/2", .config = {.content_type = "application/json; charset=utf-8"}}));
    must(store.create({.stream = "empty", .config = {.content_type = "text/plain"}}));
    must(store.create({.stream = "bytes", .config = {.content_type = "application/octet-stream"}}));
    must(store.append({.stream = "bytes", .messages = Messages::bytes(std::string(9'000, 'b') + "\n")}));
    must(store.append({.stream = "bytes", .messages = Messages::bytes("more")}));
    must(store.append_all({{.stream = "orders/2", .messages = events({"21", "22"})},
                           {.stream = "orders/3", .messages = events({"31"}), .create_with = json}}));
}

void write_conditions(LogStore& store) {
    must(store.create({.stream = "produced", .config = json}));
    for (std::uint64_t epoch = compat::last_epoch - 1; epoch <= compat::last_epoch; ++epoch) {
        for (std::uint64_t seq = 0; seq <= compat::last_seq; ++seq) {
            must(store.append({.stream = "produced",
                               .messages = events({"\"produced\""}),
                               .producer = Producer{.id = "till", .epoch = epoch, .seq = seq}}));
        }
    }
    must(store.create({.stream = "sequenced", .config = json}));
    must(store.append({.stream = "sequenced", .messages = events({"1"}), .stream_seq = "a9"}));
    must(store.create({.stream = "lasting", .config = {.content_type = "application/json", .ttl = 3600s}}));
    must(store.append({.stream = "lasting", .messages = events({"\"slides\""})}));
    must(store.create({.stream = "until",
                       .config = {.content_type = "application/json", .expires_at = Timestamp(4'000'000'000'000ms)}}));
}

void write_ends(LogStore& store) {
    must(store.create({.stream = "closed", .config = json, .initial = events({"1", "2"}), .closed = true}));
    must(store.create({.stream = "closed/by", .config = json}));
    must(store.append({.stream = "closed/by",
                       .messages = events({"\"last\""}),
                       .producer = Producer{.id = "till", .epoch = 0, .seq = 0},
                       .close = true}));
    must(store.create({.stream = "source", .config = json, .initial = events({"0", "1", "2", "3"})}));
    must(store.create({.stream = "fork", .config = {.content_type = ""}, .fork = ForkFrom{.source = "source"}}));
    must(store.append({.stream = "fork", .messages = events({"\"of the fork\""})}));
    must(store.remove("source"));  // only the fork reads it now
    must(store.create({.stream = "again", .config = json, .initial = events({"\"before\""})}));
    must(store.remove("again"));
    must(store.create({.stream = "again", .config = json, .initial = events({"\"after\""})}));
    must(store.create({.stream = "truncated", .config = json, .initial = events({"0", "1", "2", "3", "4"})}));
    must(store.truncate_before("truncated", Offset{3}));
}

/// Leaves segments that are mostly dead, so that one is rewritten.
void write_dead(LogStore& store) {
    for (int i = 0; i < 6; ++i) {
        must(store.create({.stream = "dead", .config = {.content_type = "application/octet-stream"}}));
        must(store.append({.stream = "dead", .messages = Messages::bytes(std::string(12'000, 'd'))}));
        must(store.append({.stream = "orders/3", .messages = events({"\"between\""})}));
        must(store.remove("dead"));
    }
}

void write(const std::filesystem::path& directory) {
    auto store = LogStore::open(directory, compat::options());
    write_plain(*store);
    write_dead(*store);
    store->run_until_idle();
    if (store->stats().segments_rewritten == 0) throw std::runtime_error("no segment was rewritten");
    write_conditions(*store);
    store->run_one(LogStore::Work::checkpoint);
    write_ends(*store);
    std::ofstream(directory.string() + ".txt") << compat::contents_of(*store);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2 || std::filesystem::exists(argv[1])) {
        std::fprintf(stderr, "usage: write_store DIRECTORY   which must not exist\n");
        return 2;
    }
    write(argv[1]);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "write_store: %s\n", error.what());
    return 1;
}
