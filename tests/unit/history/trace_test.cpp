#include "foldback/history/trace.hpp"

#include <doctest/doctest.h>

#include <list>
#include <string>
#include <vector>

using namespace foldback;

namespace {

/// A feed in memory.
class Feed {
public:
    void add(std::string_view stream, std::string text) {
        texts_.push_back(std::move(text));
        const auto number = messages_.size();
        messages_.push_back({.stream = stream,
                             .offset = {.incarnation = {}, .offset = {number}},
                             .position = {number},
                             .committed_at = Timestamp{std::chrono::milliseconds(1000 * number)},
                             .framing = Framing::json,
                             .data = texts_.back()});
    }
    void event(std::string_view stream, const std::string& id, const std::string& causation,
               const std::string& correlation = "", const std::string& command = "") {
        add(stream, R"({"type":"Happened","version":1,"id":")" + id + R"(","data":{},"meta":{"causation":")" +
                        causation + R"(","correlation":")" + correlation + R"(","command":")" + command + R"("}})");
    }

    CausationTree show(Trace trace) {
        passes = 0;
        do {
            ++passes;
            for (const auto& message : messages_) trace.look_at(message);
        } while (trace.wants_another_pass());
        return trace.tree();
    }
    CausationTree show(std::string_view name, std::size_t limit = 100) { return show(Trace(name, limit)); }

    int passes = 0;

private:
    std::list<std::string> texts_;
    std::vector<FeedMessage> messages_;
};

/// "a/b c" : the ids in tree order, a slash for each step down.
std::string shape(const CausationTree& tree) {
    std::string text;
    for (const auto& node : tree.nodes)
        text += (text.empty() ? "" : " ") + std::string(node.depth, '/') + node.event.id;
    return text;
}

}  // namespace

TEST_CASE("an event leads to its causes and effects, however far") {
    Feed feed;
    feed.event("checkout", "a", "");
    feed.event("orders/1", "b", "a");
    feed.event("orders/2", "other", "");
    feed.event("payments/1", "c", "b");
    feed.event("orders/1", "d", "b");
    feed.event("payments/1", "e", "c");

    CHECK(shape(feed.show("e")) == "a /b //c ///e //d");
    CHECK(shape(feed.show("a")) == "a /b //c ///e //d");
    CHECK(shape(feed.show("other")) == "other");
    CHECK(feed.show("none").nodes.empty());
    const auto tree = feed.show("c");
    CHECK(tree.nodes[1].event.stream == "orders/1");
    CHECK(tree.nodes[3].parent == 2);
    CHECK_FALSE(tree.nodes[0].parent.has_value());
}

TEST_CASE("what has a correlation or a command in common belongs together, as several trees if need be") {
    Feed feed;
    feed.event("a", "1", "outside", "c");
    feed.event("b", "2", "1", "");
    feed.event("c", "3", "", "c", "pay");
    feed.event("d", "4", "", "", "pay");
    feed.event("e", "5", "outside", "");

    CHECK(shape(feed.show("c")) == "1 /2 3 4");
    CHECK(shape(feed.show("4")) == "1 /2 3 4");
    CHECK(shape(feed.show("pay")) == "1 /2 3 4");
    CHECK(shape(feed.show("2")) == "1 /2 3 4");
    CHECK(shape(feed.show("outside")) == "1 /2 3 4 5");
}

TEST_CASE("messages without envelope are passed over") {
    Feed feed;
    feed.add("raw", "7");
    feed.add("raw", R"({"type":"Odd","meta":{"correlation":"c"}})");
    feed.add("raw", R"({"type":"Odd","data":{},"id":7,"meta":{"correlation":["c"]}})");
    feed.event("a", "1", "", "c");

    CHECK(shape(feed.show("c")) == "1");
    CHECK(feed.show("").nodes.empty());
}

TEST_CASE("an event that causes itself, or was caused by a later one, is a root") {
    Feed feed;
    feed.event("a", "1", "1");
    feed.event("a", "2", "3");
    feed.event("a", "3", "2");

    CHECK(shape(feed.show("1")) == "1");
    CHECK(shape(feed.show("3")) == "2 /3");
}

TEST_CASE("a trace holds as many events as it was allowed and says that there are more") {
    Feed feed;
    for (int i = 0; i < 10; ++i) feed.event("a", std::to_string(i), "", "c");

    CHECK(feed.show("c", 10).complete);
    const auto some = feed.show("c", 4);

    CHECK(shape(some) == "0 1 2 3");
    CHECK_FALSE(some.complete);
}

TEST_CASE("a trace of an event begins with what the event says, even when it has no id") {
    Feed feed;
    feed.event("a", "1", "", "c");
    feed.add("b", R"({"type":"Raw","data":{}})");
    feed.event("b", "3", "1", "");

    const StoredEvent first{.offset = {0}, .position = {0}, .committed_at = {}, .text = {}, .id = "1"};
    const StoredEvent raw{.offset = {1}, .position = {1}, .committed_at = {}, .text = {}};

    CHECK(shape(feed.show(Trace(first, 100))) == "1 /3");
    const auto alone = feed.show(Trace(raw, 100));
    REQUIRE(alone.nodes.size() == 1);
    CHECK(alone.nodes[0].event.type == "Raw");
    CHECK(feed.passes == 1);
}
