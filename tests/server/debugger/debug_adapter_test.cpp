#include "foldback/server/debug_adapter.hpp"

#include <sstream>

#include "server/debugger/fixture.hpp"

namespace foldback::server::debugger_test {
namespace {

/// The answers to these questions, each a document a line.
std::vector<Json> answers(const std::vector<Json>& questions, const Registry& registry = orders()) {
    std::stringstream in;
    std::stringstream out;
    for (const auto& question : questions) in << question.dump() << '\n';
    CHECK(run_debug_adapter(registry, "test 1", in, out) == 0);
    std::vector<Json> documents;
    for (std::string line; std::getline(out, line);) documents.push_back(Json::parse(line));
    REQUIRE(documents.size() == questions.size());
    return documents;
}

Json fold_of(const std::vector<OrderEvent>& events) {
    Json texts = Json::array();
    for (const auto& event : events) texts.push_back(to_envelope(event));
    return {{"type", "fold"}, {"events", texts}};
}
const Json begin{{"type", "begin"}, {"stream", "orders/42"}};

TEST_CASE("an adapter says what it is and through which lens it sees a stream") {
    const auto said = answers({{{"type", "hello"}}, begin, {{"type", "begin"}, {"stream", "other/1"}}});

    CHECK(said[0]["build"] == "test 1");
    CHECK(said[0]["protocol"] == 1);
    CHECK(said[0]["lenses"][0]["name"] == "orders");
    CHECK(said[1]["lens"] == "orders");
    CHECK(said[1]["identity"][0]["member"] == "sku");
    CHECK(said[2]["lens"].is_null());
}

TEST_CASE("an adapter folds events as they come and tells the state after any of the last ones") {
    auto all = usual_history();
    const std::vector<OrderEvent> first(all.begin(), all.begin() + 2);
    const std::vector<OrderEvent> rest(all.begin() + 2, all.end());

    const auto whole = answers({begin, fold_of(all)});
    const auto parts = answers({begin,
                                fold_of(first),
                                fold_of(rest),
                                {{"type", "state"}, {"after", 0}},
                                {{"type", "state"}, {"after", 2}},
                                {{"type", "state"}, {"after", 3}}});

    REQUIRE(whole[1]["digests"].size() == 5);
    CHECK(parts[2]["digests"][2] == whole[1]["digests"][4]);
    CHECK(whole[1]["digests"][3] != whole[1]["digests"][4]);
    CHECK(parts[3]["state"]["total"] == 100);
    CHECK(parts[4]["state"]["total"] == -200);
    CHECK(parts[5]["state"]["total"] == 50);
    CHECK(parts[5]["state"]["customer"] == "••••");
}

struct TearingState {
    std::int64_t total = 0;
    void apply(const Placed&) {}
    void apply(const LineAdded& added) {
        total += added.cents;
        if (added.cents == 13) throw std::runtime_error("unlucky");
    }
    void apply(const Discounted& discounted) { total -= discounted.cents; }
};
BOOST_DESCRIBE_STRUCT(TearingState, (), (total))

TEST_CASE("events that cannot be folded change nothing, also when they tore the state") {
    Registry registry;
    registry.add<Aggregate<TearingState, OrderEvent>>("orders");
    const std::vector<OrderEvent> events{LineAdded{{"a", 1}, 1}, LineAdded{{"b", 1}, 13}, LineAdded{{"c", 1}, 2},
                                         LineAdded{{"d", 1}, 13}, LineAdded{{"e", 1}, 4}};

    const auto said = answers({begin, fold_of(events), {{"type", "state"}, {"after", 5}}}, registry);

    REQUIRE(said[1]["problems"].size() == 2);
    CHECK(said[1]["problems"][0]["index"] == 1);
    CHECK(said[1]["problems"][0]["problem"].get<std::string>().find("unlucky") != std::string::npos);
    CHECK(said[1]["digests"][1] == said[1]["digests"][0]);
    CHECK(said[2]["state"]["total"] == 7);
}

TEST_CASE("a question that makes no sense is an error and the next one is answered") {
    const auto said = answers({{{"type", "dance"}},
                               7,
                               fold_of({}),
                               {{"type", "begin"}, {"stream", "../x"}},
                               begin,
                               {{"type", "state"}, {"after", 1}},
                               {{"type", "fold"}, {"events", {1}}},
                               {{"type", "hello"}}});

    for (const auto index : {0, 1, 2, 3, 5, 6}) CHECK(said[static_cast<std::size_t>(index)]["type"] == "error");
    CHECK(said[7]["type"] == "hello");
}

TEST_CASE("a question that is cut off is none") {
    std::stringstream in("{\"type\":\"hello\"}");
    std::stringstream out;

    CHECK(run_debug_adapter(orders(), "test 1", in, out) == 1);
    CHECK(out.str().empty());
}

}  // namespace
}  // namespace foldback::server::debugger_test
