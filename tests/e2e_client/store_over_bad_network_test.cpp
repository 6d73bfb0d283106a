// A store elsewhere, behind a network that cuts, delays, duplicates and reorders: answers to appends are lost all the time.

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "e2e_client/streams.hpp"
#include "foldback/app/repository.hpp"
#include "foldback/remote/http_store.hpp"

namespace {

using namespace foldback;
using e2e::setting;

constexpr int writers = 4;
constexpr int rounds = 60;

enum class Outcome : std::uint8_t { made, refused, unknown };

/// Every attempt has a name that no other has, so its outcome can be compared with what is there.
using Outcomes = std::map<std::string, Outcome>;

/// A place below the server's streams that nobody else uses.
const std::string& place() {
    static const std::string one = e2e::new_url("");
    return one;
}

std::unique_ptr<HttpStore> open_through_bad_network() {
    HttpStoreOptions options{.max_connections = 2};
    const bool is_ours = setting("STORE_TEST_SERVER") == "foldback";
    options.server = is_ours ? StoreServer::foldback : StoreServer::durable_streams;
    return HttpStore::open(setting("STORE_TEST_HOSTILE_URL") + (is_ours ? "" : place()), std::move(options));
}

/// Where a stream of this test is for the store; a server of ours has one tree of streams.
StreamPath path_of(const std::string& name) {
    return setting("STORE_TEST_SERVER") == "foldback" ? place().substr(1) + "/" + name : name;
}

/// What is there, by another way.
std::vector<std::string> messages_of(const std::string& name) {
    const auto stream = e2e::client().stream(setting("CLIENT_TEST_URL") + place() + "/" + name);
    std::vector<std::string> all;
    for (const auto& batch : stream.read()) {
        for (const auto item : batch.items()) all.emplace_back(item);
    }
    return all;
}

/// An event, whose id tells it from all others, or a message that is none.
std::string message_of(const std::string& name, bool has_id) {
    return has_id ? R"({"type":"Noted","version":1,"id":")" + name + R"(","data":{}})" : "\"" + name + "\"";
}

/// Appends at the tail that it believes in, until so many are reported as made or unknown.
Outcomes write(StreamStore& store, const StreamPath& stream, const std::string& writer, bool has_id) {
    Outcomes outcomes;
    int done = 0;
    for (int attempt = 0; done != rounds; ++attempt) {
        const auto text = message_of(writer + "." + std::to_string(attempt), has_id);
        const auto tail = store.head(stream).value().tail.offset;
        try {
            const auto appended =
                store.append({.stream = stream, .messages = Messages::json(text).value(), .expected = tail});
            if (!appended && appended.error().reason != Refusal::offset_mismatch) throw RefusedError(appended.error());
            outcomes[text] = appended ? Outcome::made : Outcome::refused;
            done += appended ? 1 : 0;
        } catch (const OutcomeUnknown&) {
            outcomes[text] = Outcome::unknown;
            ++done;
        }
    }
    return outcomes;
}

Outcomes write_at_once(StreamStore& store, const StreamPath& stream, bool has_id) {
    std::array<Outcomes, writers> of_each;
    std::vector<std::thread> threads;
    for (int writer = 0; writer != writers; ++writer)
        threads.emplace_back([&, writer] {
            of_each.at(static_cast<std::size_t>(writer)) = write(store, stream, std::to_string(writer), has_id);
        });
    for (auto& thread : threads) thread.join();
    Outcomes all;
    for (auto& outcomes : of_each) all.merge(outcomes);
    return all;
}

/// Compares what was reported with what is there; the number of unknown outcomes.
int compare(const Outcomes& outcomes, const std::vector<std::string>& there) {
    std::map<std::string, int> found;
    for (const auto& message : there) ++found[message];
    int unknown = 0;
    for (const auto& reported : outcomes) {
        const auto& message = reported.first;
        const auto outcome = reported.second;
        CAPTURE(message);
        if (outcome == Outcome::made) CHECK(found[message] == 1);
        if (outcome == Outcome::refused) CHECK(found[message] == 0);
        if (outcome == Outcome::unknown) CHECK(found[message] <= 1);
        unknown += outcome == Outcome::unknown ? 1 : 0;
        found.erase(message);
    }
    CHECK(found.empty());
    return unknown;
}

void create(StreamStore& store, const StreamPath& stream) {
    (void)store.create({.stream = stream, .config = {.content_type = "application/json"}}).value();
}

struct Counted {
    int by = 0;
};
BOOST_DESCRIBE_STRUCT(Counted, (), (by))
struct CounterState {
    int total = 0;
    void apply(const Counted& counted) { total += counted.by; }
};
using CounterEvent = Events<Named<"Counted", 1, Counted>>;
using Counter = Aggregate<CounterState, CounterEvent>;

}  // namespace

TEST_CASE("events whose answers are lost are found where they lie: nothing is doubled, lost or unknown") {
    const auto store = open_through_bad_network();
    create(*store, path_of("events"));

    const auto outcomes = write_at_once(*store, path_of("events"), true);

    CHECK(compare(outcomes, messages_of("events")) == 0);
}

TEST_CASE("messages that cannot be told from somebody else's are made once, or refused, or unknown and never twice") {
    const auto store = open_through_bad_network();
    create(*store, path_of("messages"));

    const auto outcomes = write_at_once(*store, path_of("messages"), false);

    const int unknown = compare(outcomes, messages_of("messages"));
    CHECK(unknown > 0);
    MESSAGE(unknown << " of " << outcomes.size() << " outcomes are unknown");
}

TEST_CASE("decisions that race over a network that loses answers are carried out once each") {
    const auto store = open_through_bad_network();
    const auto category = path_of("counters");
    const Repository<Counter> counters(*store, {.category = category.text()});
    const auto count = [](const CounterState&) -> Decision<CounterEvent> { return {Counted{1}}; };

    std::vector<std::thread> threads;
    std::atomic<int> appended{0};
    for (int writer = 0; writer != writers; ++writer) {
        threads.emplace_back([&] {
            for (int round = 0; round != rounds; ++round)
                appended += counters.transact("one", count, {.max_attempts = 10'000}).is_appended() ? 1 : 0;
        });
    }
    for (auto& thread : threads) thread.join();

    CHECK(appended == writers * rounds);
    CHECK(counters.load("one").state().total == writers * rounds);
    CHECK(messages_of("counters/one").size() == std::size_t{writers * rounds});
}
