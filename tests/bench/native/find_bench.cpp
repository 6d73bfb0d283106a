// How fast the first moment of a question is found, against the plain fold of the same events, in one run.
// usage: find_bench DIRECTORY [--json FILE]
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "debugger/question.hpp"
#include "foldback/history/aggregate_lens.hpp"
#include "foldback/history/any_timeline.hpp"
#include "foldback/store/log_store.hpp"
#include "million_events.hpp"
#include "report.hpp"
#include "rows.hpp"

namespace bench {

BOOST_DESCRIBE_STRUCT(AccountState, (), (cents, letters))

namespace {

using namespace foldback;

constexpr int rounds = 5;

Lens account_lens() {
    return lens_of<Account>("accounts", {.invariants = {{"not-overdrawn", [](const AccountState& state) {
                                                             return state.cents > -1'000'000'000'000;
                                                         }}}});
}

/// Nothing is found, so that all of it is looked at; a new timeline each time, as `foldback find` makes it.
double find_rate(StreamStore& store, const std::string& question) {
    const auto lens = account_lens();
    const server::debugger::Redaction redaction(lens.redact);
    const auto elapsed = seconds([&] {
        AnyTimeline timeline(store, "accounts/1", lens);
        const auto predicate = server::debugger::predicate_of(question, timeline.lens(), redaction);
        if (timeline.first_where(predicate).moment || timeline.tail() != Offset{million}) std::abort();
    });
    return static_cast<double>(million) / elapsed;
}

double fold_rate(const Repository<Account>& accounts) {
    const auto elapsed = seconds([&] {
        if (accounts.load("1").offset() != Offset{million}) std::abort();
    });
    return static_cast<double>(million) / elapsed;
}

std::vector<Row> rows(const std::filesystem::path& directory) {
    const auto store = LogStore::open(directory);
    const Repository<Account> accounts(*store, {.category = "accounts"});
    fill(accounts);
    store->run_one(LogStore::Work::checkpoint);
    const auto fold = [&] { return fold_rate(accounts); };
    (void)fold();
    std::vector<Row> all;
    for (const auto& [question, target] :
         {std::pair("not-overdrawn", 0.7), std::pair("/cents < -1000000000000", 0.3)}) {
        all.push_back(compare(
            {.name = "find --first " + std::string(question) + ", 1,000,000 events",
             .unit = "events/s",
             .peer = "the plain fold of the same events",
             .target = target},
            rounds, [&, asked = question] { return find_rate(*store, asked); }, fold));
    }
    return all;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: find_bench DIRECTORY [--json FILE]\n");
        return 2;
    }
    const auto directory = std::filesystem::path(argv[1]) / "find-bench";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    auto documents = nlohmann::json::array();
    for (const auto& row : bench::rows(directory)) {
        bench::print(row);
        documents.push_back(bench::json_of(row));
    }
    if (argc == 4) std::ofstream(argv[3]) << documents.dump(2) << '\n';
    std::filesystem::remove_all(directory);
}
