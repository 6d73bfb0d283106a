// How fast the history engine moves in a stream of many events: first state, steps, jumps, scans.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

#include "account.hpp"
#include "foldback/app/event_reader.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/history/timeline.hpp"
#include "foldback/store/log_store.hpp"

namespace bench {

BOOST_DESCRIBE_STRUCT(AccountState, (), (cents, letters))

namespace {

using namespace foldback;

/// A state that grows with every event, up to about a megabyte.
struct Ledger {
    std::vector<std::string> entries;
    std::int64_t cents = 0;
    void apply(const Deposited& deposited) {
        cents += deposited.cents;
        if (entries.size() < 10'000) entries.push_back(deposited.from + " " + deposited.note);
    }
    void apply(const Withdrawn& withdrawn) { cents -= withdrawn.cents; }
};
BOOST_DESCRIBE_STRUCT(Ledger, (), (entries, cents))

void fill(StreamStore& store, const StreamPath& stream, std::uint64_t events) {
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < events; ++i) {
        const AccountEvent event =
            Deposited{"customer-" + std::to_string(i), static_cast<std::int64_t>(i % 1000), std::string(60, 'n')};
        texts.push_back(to_envelope(event));
        if (texts.size() < 10'000 && i + 1 < events) continue;
        (void)store
            .append({.stream = stream,
                     .messages = Messages::trusted_json(std::span<const std::string>(texts)),
                     .create_with = StreamConfig{.content_type = "application/json"}})
            .value();
        texts.clear();
    }
}

template <class Work>
double milliseconds(Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

template <class Aggregate>
void measure(StreamStore& store, const StreamPath& stream, const char* name) {
    std::unique_ptr<Timeline<Aggregate>> timeline;
    std::printf("%s\n", name);
    std::printf("  first state at the tail    %8.2f ms\n", milliseconds([&] {
                    timeline = std::make_unique<Timeline<Aggregate>>(store, stream);
                    (void)timeline->any().state();
                }));
    double worst_back = 0;
    for (int i = 0; i < 300 && timeline->step_back(); ++i) {
        worst_back = std::max(worst_back, milliseconds([&] { (void)timeline->state(); }));
    }
    std::printf("  step back, worst of 300    %8.2f ms\n", worst_back);
    double worst_jump = 0;
    double all_jumps = 0;
    std::mt19937_64 random(1);
    for (int i = 0; i < 300; ++i) {
        const Offset moment{random() % timeline->tail().value};
        const double took = milliseconds([&] { (void)timeline->any().state_at(moment); });
        worst_jump = std::max(worst_jump, took);
        all_jumps += took;
    }
    std::printf("  jump, state as JSON        %8.2f ms, worst of 300 %.2f ms\n", all_jumps / 300, worst_jump);
    const double diff = milliseconds([&] { (void)timeline->diff({timeline->tail().value - 1}, timeline->tail()); });
    std::printf("  diff of the last event     %8.2f ms\n", diff);
    const double scan =
        milliseconds([&] { (void)timeline->first_where([](const auto& state) { return state.cents < 0; }); });
    std::printf("  find --first, no such      %8.2f ms\n", scan);
    Aggregate plain;
    const double fold = milliseconds([&] {
        while (plain.offset() < timeline->tail()) {
            fold_page(plain, store.read({.stream = stream, .from = plain.offset()}).value(), stream.text());
        }
    });
    std::printf("  the plain fold             %8.2f ms: find --first at %.2f of its rate\n", fold, fold / scan);
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
    const std::uint64_t events = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 100'000;
    const auto store = foldback::LogStore::in_memory();
    bench::fill(*store, "accounts/1", events);
    std::printf("a stream of %llu events\n", static_cast<unsigned long long>(events));
    bench::measure<bench::Account>(*store, "accounts/1", "a small state");
    bench::measure<foldback::Aggregate<bench::Ledger, bench::AccountEvent>>(*store, "accounts/1",
                                                                            "a state of a megabyte");
    std::printf("  blame, small state         %8.2f ms\n", bench::milliseconds([&] {
                    foldback::Timeline<bench::Account> account(*store, "accounts/1");
                    (void)account.blame(account.tail());
                }));
}
