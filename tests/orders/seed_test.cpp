#include <doctest/doctest.h>

#include <map>

#include "domain/faulty_order.hpp"
#include "domain/invariants.hpp"
#include "foldback/app/repository.hpp"
#include "foldback/store/log_store.hpp"
#include "program/command_line.hpp"
#include "support/temporary_directory.hpp"

namespace orders::tests {
namespace {

struct Seeded {
    foldback::test::TemporaryDirectory directory;

    [[nodiscard]] std::filesystem::path make(const char* name, std::uint64_t seed) const {
        cli::SeedOptions options{
            .orders = 300, .days = 10, .seed = seed, .data = directory.path() / name, .quiet = true};
        options.until = std::chrono::sys_seconds(std::chrono::seconds(1'795'392'000));
        REQUIRE(cli::seed(options) == cli::ExitCode::ok);
        return options.data;
    }
    static std::vector<std::string> messages_of(const std::filesystem::path& data) {
        const auto store = foldback::LogStore::open(cli::store_folder(data));
        std::vector<std::string> all;
        foldback::FeedRequest request;
        while (true) {
            const auto page = store->read_feed(request);
            for (const auto& message : page.messages)
                all.push_back(std::string(message.stream) + " " + std::string(message.data));
            if (page.up_to_date) return all;
            request.from = page.next;
        }
    }
};

}  // namespace

TEST_CASE_FIXTURE(Seeded, "one seed makes one history, another seed another") {
    const auto first = messages_of(make("a", 1));

    CHECK(first == messages_of(make("b", 1)));
    CHECK(first != messages_of(make("c", 2)));
}

TEST_CASE_FIXTURE(Seeded, "a history has orders of all versions and in every state, and breaks no rule") {
    const auto data = make("a", 1);
    const auto store = foldback::LogStore::open(cli::store_folder(data));
    const foldback::Repository<Order> orders(*store, {.category = "orders"});
    std::map<OrderStatus, int> states;
    int partial = 0;
    int refunded = 0;
    for (int id = 1'001; id <= 1'300; ++id) {
        const auto order = orders.load(std::to_string(id)).state();
        ++states[order.status];
        partial += order.shipments.size() > 1 ? 1 : 0;
        refunded += order.refunded > Cents{} ? 1 : 0;
        CHECK(total_is_lines_less_discounts(order));
        CHECK(total_is_not_negative(order));
        CHECK(paid_what_was_due(order));
        CHECK(refunds_at_most_the_payment(order));
        CHECK(ships_at_most_what_was_ordered(order));
    }
    for (const auto status : {OrderStatus::placed, OrderStatus::paid, OrderStatus::shipped, OrderStatus::delivered,
                              OrderStatus::cancelled}) {
        CHECK(states[status] > 0);
    }
    CHECK(states[OrderStatus::none] == 0);
    CHECK(partial > 0);
    CHECK(refunded > 0);

    const foldback::Repository<Stock> stock(*store, {.category = "stock"});
    for (const auto& stream : store->list({.prefix = "stock/"}).streams) {
        CHECK(promises_at_most_what_is_there(stock.load(stream.stream.text().substr(6)).state()));
    }
}

TEST_CASE_FIXTURE(Seeded, "what happened in the past was committed in the past, in order") {
    const auto data = make("a", 1);
    const auto store = foldback::LogStore::open(cli::store_folder(data));
    foldback::Timestamp last{};
    foldback::Timestamp first{};
    bool ascending = true;
    foldback::FeedRequest request;
    while (true) {
        const auto page = store->read_feed(request);
        for (const auto& message : page.messages) {
            if (first == foldback::Timestamp{}) first = message.committed_at;
            ascending = ascending && message.committed_at >= last;
            last = message.committed_at;
        }
        if (page.up_to_date) break;
        request.from = page.next;
    }

    CHECK(ascending);
    CHECK(first == foldback::Timestamp(std::chrono::seconds(1'795'392'000)) - std::chrono::days(10));
    CHECK(last < foldback::Timestamp(std::chrono::seconds(1'795'392'000)));
    CHECK(last - first > std::chrono::days(9));
}

TEST_CASE_FIXTURE(Seeded, "a history has what the planted fault gets wrong: a second discount") {
    const auto data = make("a", 1);
    const auto store = foldback::LogStore::open(cli::store_folder(data));
    const foldback::Repository<FaultyOrder> orders(*store, {.category = "orders"});
    int wrong = 0;
    for (int id = 1'001; id <= 1'300; ++id) {
        const auto order = orders.load(std::to_string(id)).state();
        wrong += total_is_lines_less_discounts(order) ? 0 : 1;
    }

    CHECK(wrong > 0);
    CHECK(wrong < 30);
}

TEST_CASE_FIXTURE(Seeded, "a folder with orders is not seeded again") {
    const auto data = make("a", 1);

    CHECK_THROWS_AS((void)cli::seed({.data = data, .quiet = true}), cli::Failure);
}

TEST_CASE("what the command line does not understand is a usage error") {
    const auto run = [](std::vector<const char*> words) {
        words.insert(words.begin(), "orders");
        return cli::run(static_cast<int>(words.size()), words.data());
    };

    CHECK(run({"--help"}) == cli::ExitCode::ok);
    CHECK(run({"--version"}) == cli::ExitCode::ok);
    CHECK(run({}) == cli::ExitCode::usage);
    CHECK(run({"sing"}) == cli::ExitCode::usage);
    CHECK(run({"serve", "--listen", "8080x"}) == cli::ExitCode::usage);
    CHECK(run({"serve", "--listen", "0.0.0.0:80"}) == cli::ExitCode::usage);
    CHECK(run({"seed", "--orders", "0"}) == cli::ExitCode::usage);
    CHECK(run({"seed", "--until", "tomorrow"}) == cli::ExitCode::usage);
    CHECK(run({"seed", "--until", "2026-02-30"}) == cli::ExitCode::usage);
}

}  // namespace orders::tests
