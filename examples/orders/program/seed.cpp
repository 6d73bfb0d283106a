#include <algorithm>
#include <array>
#include <cstdio>

#include "foldback/store/log_store.hpp"
#include "program/command_line.hpp"
#include "program/history.hpp"
#include "program/progress.hpp"

namespace orders::cli {
namespace {

using foldback::Timestamp;
using std::chrono::milliseconds;

/// Each waits for the disk: a long history has several steps in one.
constexpr std::uint64_t most_commits = 6'000;
constexpr std::uint64_t minute = 60'000;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t transfer_term = 7 * 24 * hour;

struct Article {
    const char* sku;
    const char* name;
    std::int64_t cents;
};
constexpr std::array<Article, 14> articles{{{"TEA-ASSAM", "Assam tea, 250 g", 890},
                                            {"TEA-SENCHA", "Sencha, 100 g", 1'290},
                                            {"COF-HOUSE", "House blend, 1 kg", 1'990},
                                            {"COF-DECAF", "Decaf, 500 g", 1'350},
                                            {"MUG-BLUE", "Mug, blue", 1'150},
                                            {"MUG-WHITE", "Mug, white", 990},
                                            {"POT-IRON", "Iron teapot", 6'900},
                                            {"POT-GLASS", "Glass teapot", 3'450},
                                            {"MILL-HAND", "Hand mill", 8'900},
                                            {"FILTER-100", "Paper filters, 100", 450},
                                            {"SCALE-01", "Kitchen scale", 3'990},
                                            {"CAKE-PLUM", "Plum cake", 1'480},
                                            {"BISC-OAT", "Oat biscuits", 520},
                                            {"HONEY-LIME", "Lime honey", 780}}};
constexpr std::array<const char*, 24> customers{
    "Ada Lovelace",  "Grace Hopper",  "Alan Turing",       "Edsger Dijkstra", "Barbara Liskov", "Donald Knuth",
    "Frances Allen", "John Backus",   "Margaret Hamilton", "Niklaus Wirth",   "Radia Perlman",  "Tony Hoare",
    "Zoë Müller",    "Søren Nielsen", "Ana Gonçalves",     "Łukasz Nowak",    "小林 さくら",    "Élodie Dupont",
    "Robin Milner",  "Peter Landin",  "Jean Bartik",       "Ken Thompson",    "Dennis Ritchie", "Karen Jones"};
constexpr std::array<const char*, 3> carriers{"Post", "Parcel Express", "Bike courier"};
constexpr std::array<const char*, 3> reasons{"changed my mind", "ordered twice", "found it elsewhere"};

/// Something that happens to an order at a time, whatever became of it before.
struct Step {
    enum class Kind : std::uint8_t {
        place,
        place_by_phone,
        discount,
        pay,
        expire,
        cancel,
        ship_part,
        ship_rest,
        deliver,
        refund
    };
    std::uint64_t at_ms = 0;
    std::uint64_t order = 0;
    Kind kind = Kind::place;
};

std::string id_of(std::uint64_t order) { return std::to_string(1'001 + order); }

/// More orders by day than by night: of two random times the one nearer to the afternoon.
std::uint64_t time_of_order(Dice& dice, std::uint64_t span_ms) {
    const auto distance = [](std::uint64_t at) {
        const auto of_day = at / hour % 24;
        return of_day > 15 ? of_day - 15 : 15 - of_day;
    };
    const auto one = dice.below(span_ms);
    const auto other = dice.below(span_ms);
    return distance(one) <= distance(other) ? one : other;
}

/// What becomes of one order: most are paid and delivered, some in two parcels; some cancelled, some never paid.
void plan(Dice& dice, std::uint64_t order, std::uint64_t placed, std::vector<Step>& steps) {
    using Kind = Step::Kind;
    const auto add = [&](std::uint64_t at, Kind kind) { steps.push_back({at, order, kind}); };
    // By phone one may pay by transfer; few do not.
    if (dice.chance(5)) {
        add(placed, Kind::place_by_phone);
        return add(placed + transfer_term, dice.chance(80) ? Kind::pay : Kind::expire);
    }
    add(placed, Kind::place);
    if (dice.chance(12)) {
        add(placed + minute / 2, Kind::discount);
        if (dice.chance(30)) add(placed + 3 * minute / 4, Kind::discount);
    }
    if (dice.chance(9)) return add(placed + 30 * minute, Kind::expire);
    if (dice.chance(5)) return add(placed + dice.below(20) * minute + minute, Kind::cancel);
    auto at = placed + minute + dice.below(25 * minute);
    add(at, Kind::pay);
    if (dice.chance(4)) return add(at + dice.below(3 * hour), Kind::cancel);
    at += 2 * hour + dice.below(30 * hour);
    if (dice.chance(18)) {
        add(at, Kind::ship_part);
        at += 20 * hour + dice.below(40 * hour);
    }
    add(at, Kind::ship_rest);
    at += 18 * hour + dice.below(60 * hour);
    add(at, Kind::deliver);
    if (dice.chance(6)) add(at + dice.below(96 * hour), Kind::refund);
}

PlaceOrder some_order(Dice& dice, unsigned version, bool by_phone) {
    PlaceOrder command{.customer = dice.pick(customers), .lines = {}, .channel = {}, .pay_within_s = {}};
    const auto lines = version == 1 ? 1 : 1 + dice.below(4);
    for (std::uint64_t i = 0; i < lines; ++i) {
        const auto& article = dice.pick(articles);
        const auto is_it = [&](const Line& line) { return line.sku == article.sku; };
        if (std::any_of(command.lines.begin(), command.lines.end(), is_it)) continue;
        command.lines.push_back(
            {article.sku, article.name, 1 + static_cast<std::int64_t>(dice.below(3)), Cents::units(article.cents)});
    }
    if (by_phone) {
        command.channel = "phone";
        command.pay_within_s = transfer_term / 1'000;
    } else if (dice.chance(10)) {
        command.channel = "shop";
    }
    return command;
}

/// Carries the steps out, in their order.
class Story {
public:
    Story(HistoryWriter& writer, Dice& dice, Timestamp start, std::uint64_t span_ms)
        : writer_(writer), dice_(dice), start_(start), span_ms_(span_ms) {}

    void tell(const Step& step) {
        using Kind = Step::Kind;
        const auto at = start_ + milliseconds(step.at_ms);
        const auto id = id_of(step.order);
        const auto& order = writer_.order(id);
        switch (step.kind) {
            case Kind::place:
            case Kind::place_by_phone: return place(step, at, id);
            case Kind::discount:
                return writer_.carry_out(
                    at, id, GrantDiscount{tenth_of(order.total), order.discount > Cents{} ? "long wait" : "welcome"},
                    "sales");
            case Kind::pay: return writer_.carry_out(at, id, PayOrder{"pay-" + id, order.total}, "payment provider");
            case Kind::expire:
                return writer_.carry_out(at, id, CancelUnpaidOrder{"not paid in time"}, "payment workflow");
            case Kind::cancel: return writer_.carry_out(at, id, CancelOrder{dice_.pick(reasons)}, "web shop");
            case Kind::ship_part: return ship_part(at, id, order);
            case Kind::ship_rest:
                return writer_.carry_out(at, id, ShipOrder{"P" + id + "-2", dice_.pick(carriers), {}}, "warehouse");
            case Kind::deliver: return deliver(at, id, order);
            case Kind::refund:
                return writer_.carry_out(at, id, RefundOrder{"back-" + id, tenth_of(order.paid), "damaged on the way"},
                                         "service");
        }
    }

private:
    static Cents tenth_of(Cents amount) { return Cents::units(amount.units() / 10); }

    void place(const Step& step, Timestamp at, const std::string& id) {
        const auto version = 1 + static_cast<unsigned>(step.at_ms * 3 / span_ms_);
        writer_.place(at, id, some_order(dice_, version, step.kind == Step::Kind::place_by_phone), version);
    }

    void ship_part(Timestamp at, const std::string& id, const OrderState& order) {
        if (order.lines.size() < 2) return;
        const std::vector<Packed> first{{order.lines.front().sku, order.lines.front().quantity}};
        writer_.carry_out(at, id, ShipOrder{"P" + id + "-1", dice_.pick(carriers), first}, "warehouse");
    }

    void deliver(Timestamp at, const std::string& id, const OrderState& order) {
        const auto parcels = order.shipments;
        for (const auto& parcel : parcels) writer_.carry_out(at, id, ConfirmDelivery{parcel.id}, "carrier");
    }

    HistoryWriter& writer_;
    Dice& dice_;
    Timestamp start_;
    std::uint64_t span_ms_;
};

std::vector<Step> all_steps(Dice& dice, const SeedOptions& options, std::uint64_t span_ms) {
    std::vector<std::uint64_t> times;
    for (std::uint64_t i = 0; i < options.orders; ++i) times.push_back(time_of_order(dice, span_ms));
    std::sort(times.begin(), times.end());
    std::vector<Step> steps;
    for (std::uint64_t i = 0; i < options.orders; ++i) plan(dice, i, times[i], steps);
    // What would happen later has not happened yet.
    std::erase_if(steps, [&](const Step& step) { return step.at_ms >= span_ms; });
    std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at_ms < b.at_ms; });
    return steps;
}

}  // namespace

ExitCode seed(const SeedOptions& options) {
    std::filesystem::create_directories(options.data);
    const auto span_ms = options.days * 24 * hour;
    const Timestamp start = options.until - milliseconds(span_ms);
    foldback::ManualClock clock(start);  // what happened then was also committed then
    std::unique_ptr<foldback::LogStore> store;
    try {
        store = foldback::LogStore::open(store_folder(options.data), {.clock = &clock});
    } catch (const foldback::StoreLocked&) {
        throw Failure(ExitCode::no, options.data.string() + " is in use by another process", "Stop it first.");
    }
    if (!store->list({.prefix = "orders/", .limit = 1}).streams.empty()) {
        throw Failure(ExitCode::no, options.data.string() + " has orders already",
                      "Choose an empty folder: --data DIR");
    }
    Dice dice(options.seed);
    const auto steps = all_steps(dice, options, span_ms);

    HistoryWriter writer(*store, options.seed);
    for (const auto& article : articles) writer.receive(start, article.sku, 200);
    writer.flush();
    Story story(writer, dice, start, span_ms);
    Progress progress("steps", steps.size(), options.quiet);
    const auto steps_per_commit = steps.size() / most_commits + 1;
    std::uint64_t done = 0;
    for (const auto& step : steps) {
        clock.advance(start + milliseconds(step.at_ms) - clock.now());
        story.tell(step);
        ++done;
        if (done % steps_per_commit == 0) writer.flush();
        progress.show(done);
    }
    writer.flush();
    progress.finish(done);
    std::printf("%llu orders, %llu events in %s\n", static_cast<unsigned long long>(options.orders),
                static_cast<unsigned long long>(writer.written()), options.data.c_str());
    return ExitCode::ok;
}

}  // namespace orders::cli
