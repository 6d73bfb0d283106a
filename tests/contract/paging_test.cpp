#include <random>

#include "store_fixture.hpp"

/// However a stream is cut into pages, the pages make up the same sequence.
namespace foldback::contract {
namespace {

/// A stream, its forks and what they hold, in many records of many sizes.
struct Content {
    std::string path;
    Strings messages;  ///< JSON: each message; bytes: one string
    std::uint64_t first = 0;
};

Strings random_messages(std::mt19937_64& random) {
    Strings messages;
    const auto count = 1 + random() % 6;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::size_t size = random() % 8 == 0 ? random() % 90'000 : random() % 50;
        messages.push_back('"' + std::string(size, static_cast<char>('a' + random() % 26)) + '"');
    }
    return messages;
}

void append_randomly(Fixture& at, Content& json_stream, Content& text_stream, std::mt19937_64& random) {
    for (int i = 0; i < 25; ++i) {
        const auto messages = random_messages(random);
        REQUIRE(at.store->append({.stream = json_stream.path, .messages = Messages::trusted_json(messages)}));
        json_stream.messages.insert(json_stream.messages.end(), messages.begin(), messages.end());
        const auto data =
            pattern(1 + (random() % 8 == 0 ? random() % 150'000 : random() % 100), static_cast<unsigned>(random()));
        append_text(*at.store, text_stream.path, data);
        text_stream.messages.front() += data;
        if (random() % 6 == 0) at.log->run_one(LogStore::Work::checkpoint);
    }
}

std::vector<Content> create_contents(Fixture& at, std::mt19937_64& random) {
    Content json_source{.path = "json", .messages = {}};
    Content text_source{.path = "text", .messages = {""}};
    create_json(*at.store, json_source.path);
    create_text(*at.store, text_source.path);
    append_randomly(at, json_source, text_source, random);

    Content json_fork{.path = "json/fork", .messages = json_source.messages};
    Content text_fork{.path = "text/fork", .messages = text_source.messages};
    json_fork.messages.resize(random() % json_fork.messages.size());
    text_fork.messages.front().resize(random() % text_fork.messages.front().size());
    fork_at(*at.store, json_source.path, Offset{json_fork.messages.size()}, json_fork.path);
    fork_at(*at.store, text_source.path, Offset{text_fork.messages.front().size()}, text_fork.path);
    append_randomly(at, json_fork, text_fork, random);

    json_fork.first = random() % (json_fork.messages.size() / 2);
    text_fork.first = random() % (text_fork.messages.front().size() / 2);
    REQUIRE(at.store->truncate_before(json_fork.path, Offset{json_fork.first}));
    REQUIRE(at.store->truncate_before(text_fork.path, Offset{text_fork.first}));
    return {json_source, text_source, json_fork, text_fork};
}

std::size_t random_limit(std::mt19937_64& random) {
    switch (random() % 5) {
        case 0: return random() % 4;
        case 1: return random() % 200;
        case 2: return random() % 100'000;
        case 3: return SIZE_MAX;
        default: return 1000 + random() % 5000;
    }
}

bool is_json(const Content& content) { return content.path.starts_with("json"); }

/// What lies between two offsets, forward, in one string.
std::string expected(const Content& content, std::uint64_t from, std::uint64_t to) {
    if (!is_json(content)) return content.messages.front().substr(from, to - from);
    std::string all;
    for (auto at = from; at < to; ++at) all += content.messages[at] + '\n';
    return all;
}

std::uint64_t tail_of(const Content& content) {
    return is_json(content) ? content.messages.size() : content.messages.front().size();
}

void check_page(const ReadPage& page, const ReadRequest& request) {
    const auto count = texts(page).size();
    CHECK(count <= std::max<std::size_t>(request.max_messages, 1));
    if (page.runs.size() > 1) CHECK(page.payload_bytes() <= request.max_bytes);
    std::size_t counted = 0;
    for (const auto& run : page.runs) counted += run.count;
    CHECK(counted == count);
}

void read_forward(Fixture& at, const Content& content, std::mt19937_64& random) {
    const auto tail = tail_of(content);
    auto from = content.first + random() % (tail - content.first + 1);
    const auto begin = from;
    std::string read;
    for (int pages = 0; from < tail && pages < 400; ++pages) {
        const ReadRequest request{.stream = content.path,
                                  .from = Offset{from},
                                  .max_bytes = random_limit(random),
                                  .max_messages = std::max<std::size_t>(1, random_limit(random))};
        const auto page = at.store->read(request).value();
        check_page(page, request);
        auto offset = from;
        for (const auto& message : page) {
            CHECK(message.offset == Offset{offset});
            offset += is_json(content) ? 1 : message.data.size();
            read += message.data;
            if (is_json(content)) read += '\n';
        }
        CHECK(page.next.offset == Offset{offset});
        CHECK(page.up_to_date == (offset == tail));
        REQUIRE(offset > from);
        from = offset;
    }
    CHECK((read == expected(content, begin, from)));
}

void read_backward(Fixture& at, const Content& content, std::mt19937_64& random) {
    const auto tail = tail_of(content);
    auto before = content.first + random() % (tail - content.first + 1);
    const auto end = before;
    std::string read;
    for (int pages = 0; before > content.first && pages < 400; ++pages) {
        const ReadRequest request{.stream = content.path,
                                  .from = Offset{before},
                                  .direction = Direction::backward,
                                  .max_bytes = random_limit(random),
                                  .max_messages = std::max<std::size_t>(1, random_limit(random))};
        const auto page = at.store->read(request).value();
        check_page(page, request);
        for (const auto& message : page) {
            before -= is_json(content) ? 1 : message.data.size();
            CHECK(message.offset == Offset{before});
            read.insert(0, std::string(message.data) + (is_json(content) ? "\n" : ""));
        }
        CHECK(page.next.offset == Offset{before});
        CHECK(page.up_to_date == (before == content.first));
        REQUIRE(page.next.offset < page.start.offset);
    }
    CHECK((read == expected(content, before, end)));
}

}  // namespace

TEST_CASE("pages of any size, from any offset, in both directions, make up the same sequence") {
    on_every_store(needs_engine(), [](Fixture& at) {
        std::mt19937_64 random(7);
        const auto contents = create_contents(at, random);
        at.log->run_one(LogStore::Work::checkpoint);

        for (int round = 0; round < 12; ++round) {
            for (const auto& content : contents) {
                CAPTURE(content.path);
                read_forward(at, content, random);
                read_backward(at, content, random);
            }
        }
    });
}

TEST_CASE("pages of the feed of any size make up the same sequence") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        std::mt19937_64 random(11);
        create_contents(at, random);
        const auto all = feed_of(*at.store);

        for (int round = 0; round < 12; ++round) {
            Strings pieces;
            Position from;
            for (bool more = true; more;) {
                const auto max_messages = std::max<std::size_t>(1, random_limit(random));
                const auto page = at.store->read_feed(
                    {.from = from, .max_bytes = random_limit(random), .max_messages = max_messages});
                CHECK(page.messages.size() <= max_messages);
                for (const auto& message : page.messages) {
                    CHECK(message.position >= from);
                    pieces.push_back(std::string(message.stream) + "@" + std::to_string(message.offset.offset.value) +
                                     "=" + std::string(message.data));
                }
                REQUIRE((page.next > from || page.up_to_date));
                from = page.next;
                more = !page.up_to_date;
            }
            CHECK((pieces == all));
        }
    });
}

}  // namespace foldback::contract
