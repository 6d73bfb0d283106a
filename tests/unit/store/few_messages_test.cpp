#include <doctest/doctest.h>

#include "foldback/store/log_store.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback;

namespace {

constexpr int appends = 20;
constexpr int messages_each = 10;

Messages batch(int number) {
    std::vector<std::string> values;
    for (int i = 0; i < messages_each; ++i) values.push_back(std::to_string(number * messages_each + i));
    return Messages::trusted_json(std::span<const std::string>(values));
}

/// A stream in batches of ten that lie too far apart in the log to be read in one piece.
std::unique_ptr<LogStore> filled(const std::filesystem::path& directory) {
    auto store = LogStore::open(directory, {.background_threads = false});
    (void)store->create({.stream = "wanted", .config = {.content_type = "application/json"}}).value();
    (void)store->create({.stream = "between", .config = {.content_type = "text/plain"}}).value();
    for (int i = 0; i < appends; ++i) {
        (void)store->append({.stream = "wanted", .messages = batch(i)}).value();
        (void)store->append({.stream = "between", .messages = Messages::bytes(std::string(10'000, 'b'))}).value();
    }
    return store;
}

std::vector<std::string> texts_of(const ReadPage& page) {
    std::vector<std::string> texts;
    for (const auto& message : page) texts.emplace_back(message.data);
    return texts;
}

}  // namespace

TEST_CASE("who asks for a few messages is not kept by batches that hold none of them") {
    const test::TemporaryDirectory directory;
    const auto store = filled(directory.path());
    SUBCASE("of what the index lacks") {}
    SUBCASE("of what the index has") { store->run_one(LogStore::Work::checkpoint); }

    const auto pieces_of = [&](const ReadRequest& request) { return store->read(request).value().owners.size(); };

    CHECK(pieces_of({.stream = "wanted", .from = Offset{20}, .max_messages = 1}) == 1);
    CHECK(pieces_of({.stream = "wanted", .from = Offset{25}, .max_messages = 5}) == 1);
    CHECK(pieces_of({.stream = "wanted", .from = Offset{25}, .max_messages = 6}) == 2);
    CHECK(pieces_of({.stream = "wanted", .max_messages = 100}) == 10);
    CHECK(pieces_of({.stream = "wanted", .from = FromTail{}, .direction = Direction::backward, .max_messages = 10}) ==
          1);
    CHECK(pieces_of({.stream = "wanted", .from = FromTail{}, .direction = Direction::backward, .max_messages = 11}) ==
          2);
}

TEST_CASE("a few messages are the ones that were asked for, wherever their batches begin") {
    const test::TemporaryDirectory directory;
    const auto store = filled(directory.path());

    for (std::uint64_t from = 0; from < appends * messages_each; from += 7) {
        const auto forward = store->read({.stream = "wanted", .from = Offset{from}, .max_messages = 15}).value();
        const auto backward = store
                                  ->read({.stream = "wanted",
                                          .from = Offset{from + 1},
                                          .direction = Direction::backward,
                                          .max_messages = 15})
                                  .value();

        std::vector<std::string> after;
        for (auto i = from; i < std::min<std::uint64_t>(from + 15, appends * messages_each); ++i)
            after.push_back(std::to_string(i));
        std::vector<std::string> before;
        for (auto i = from + 1; i > 0 && before.size() < 15; --i) before.push_back(std::to_string(i - 1));
        CHECK(texts_of(forward) == after);
        CHECK(texts_of(backward) == before);
    }
}
