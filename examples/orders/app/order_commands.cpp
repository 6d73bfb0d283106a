#include "app/order_commands.hpp"

#include <charconv>
#include <type_traits>
#include <utility>

#include "domain/faulty_order.hpp"
#include "foldback/app/together_with_each.hpp"
#include "foldback/core/codec.hpp"

namespace orders {
namespace {

using foldback::CommandOutcome;
using foldback::Repository;
using foldback::StreamStore;
using foldback::TransactOptions;

constexpr std::size_t kept_in_memory = 4'096;

/// FNV-1a: tells requests apart, protects against nothing.
std::string digest_of(const std::string& text) {
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, hash, 16).ptr;
    return {digits, end};
}

template <class Event>
std::vector<std::string> names_of(const std::vector<Event>& events) {
    std::vector<std::string> names;
    for (const auto& event : events) {
        std::visit([&]<class One>(const One&) { names.emplace_back(Event::template name_of<One>); }, event.variant());
    }
    return names;
}

template <class Outcome>
Answer answer_of(const Outcome& outcome, const foldback::StreamPath& stream) {
    Answer answer{.outcome = outcome, .events = names_of(outcome.events()), .offset = std::nullopt};
    for (const auto& range : outcome.ranges()) {
        if (range.stream == stream) answer.offset = range.next;
    }
    return answer;
}

/// What is taken for granted of the order until the append says otherwise.
enum class Presumed : std::uint8_t { nothing, is_new };

/// Remembered commands say in their metadata what they were, so that an id given to another command is noticed.
class CommandMark {
public:
    CommandMark(StreamStore& store, const Caller& caller, const std::string& stream, const char* verb,
                const std::string& body, Presumed presumed = Presumed::nothing)
        : store_(store),
          mark_(std::string(verb) + " " + stream + " " + digest_of(body)),
          command_id_(caller.command_id) {
        options_.command_id = caller.command_id;
        options_.metadata.correlation = stream;
        options_.metadata.actor = caller.actor;
        options_.metadata.traceparent = caller.traceparent;
        options_.metadata.causation = caller.causation.empty() ? mark_ : caller.causation;
        options_.presumes_new = presumed == Presumed::is_new;
        is_from_people_ = caller.causation.empty();
    }

    [[nodiscard]] const TransactOptions& options() const noexcept { return options_; }

    /// Throws CommandIdReused when `run` gets the answer to another command.
    template <class Run>
    Answer checked(const Run& run) const {
        try {
            auto answer = run();
            if (answer.outcome.is_duplicate()) require_same();
            return answer;
        } catch (const std::invalid_argument&) {
            // The framework notices when the other command was about other streams.
            require_same();
            throw;
        }
    }

private:
    void require_same() const {
        if (!is_from_people_ || command_id_.empty()) return;
        const auto page = store_.read({.stream = foldback::command_path("commands", command_id_),
                                       .from = foldback::Offset{0},
                                       .max_messages = 1});
        if (!page || page->runs.empty()) return;
        foldback::EnvelopeReader envelope;
        const auto message = *page->begin();
        envelope.open(message.data);
        (void)envelope.data().skip();
        envelope.read_rest();
        foldback::Metadata first;
        envelope.read_metadata(first);
        if (first.causation == mark_) return;
        throw CommandIdReused("this key was used before, for another command: " + first.causation);
    }

    StreamStore& store_;
    std::string mark_;
    std::string command_id_;
    TransactOptions options_;
    bool is_from_people_ = true;
};

template <class Aggregate>
class CommandsOf final : public OrderCommands {
public:
    CommandsOf(StreamStore& store, const foldback::Clock& clock)
        : orders_(store, options_for(order_category, clock)), stock_(store, options_for(stock_category, clock)) {}

    Answer receive(const std::string& sku, const ReceiveStock& command, const Caller& caller) override {
        const auto stream = stock_.stream_of(sku);
        const CommandMark mark(stock_.store(), caller, stream.text(), "receive", foldback::to_json(command));
        return mark.checked([&] {
            const auto outcome = stock_.transact(
                sku, [&](const StockState& stock) { return decide(stock, command); }, mark.options());
            return answer_of(outcome, stream);
        });
    }

    Answer carry_out(const std::string& id, const PlaceOrder& command, const Caller& caller) override {
        return with_stock(id, articles_of(command.lines), command, "place", caller, Presumed::is_new);
    }
    std::optional<Answer> carry_out(const std::string& id, const GrantDiscount& command, const Caller& c) override {
        return alone(id, command, "discount", c);
    }
    std::optional<Answer> carry_out(const std::string& id, const PayOrder& command, const Caller& c) override {
        return alone(id, command, "pay", c);
    }
    std::optional<Answer> carry_out(const std::string& id, const ConfirmDelivery& command, const Caller& c) override {
        return alone(id, command, "deliver", c);
    }
    std::optional<Answer> carry_out(const std::string& id, const RefundOrder& command, const Caller& c) override {
        return alone(id, command, "refund", c);
    }
    std::optional<Answer> carry_out(const std::string& id, const ShipOrder& command, const Caller& c) override {
        return with_its_stock(id, command, "ship", c);
    }
    std::optional<Answer> carry_out(const std::string& id, const CancelOrder& command, const Caller& c) override {
        return with_its_stock(id, command, "cancel", c);
    }
    std::optional<Answer> carry_out(const std::string& id, const CancelUnpaidOrder& command, const Caller& c) override {
        return with_its_stock(id, command, "cancel-unpaid", c);
    }

private:
    static foldback::RepositoryOptions options_for(const char* category, const foldback::Clock& clock) {
        return {.category = category, .clock = &clock, .hot_aggregates = kept_in_memory};
    }

    template <class Command>
    std::optional<Answer> alone(const std::string& id, const Command& command, const char* verb, const Caller& caller) {
        if (!exists(id)) return std::nullopt;
        const auto stream = orders_.stream_of(id);
        const CommandMark mark(orders_.store(), caller, stream.text(), verb, foldback::to_json(command));
        return mark.checked([&] {
            const auto outcome = orders_.transact(
                id, [&](const OrderState& order) { return decide(order, command); }, mark.options());
            return answer_of(outcome, stream);
        });
    }

    /// An order's articles never change once it is placed, so it is about the same streams whenever it is given again.
    template <class Command>
    std::optional<Answer> with_its_stock(const std::string& id, const Command& command, const char* verb,
                                         const Caller& caller) {
        const auto order = orders_.load(id);
        if (order.state().status == OrderStatus::none) return std::nullopt;
        return with_stock(id, articles_of(order.state().lines), command, verb, caller);
    }

    template <class Command>
    Answer with_stock(const std::string& id, const std::vector<std::string>& skus, const Command& command,
                      const char* verb, const Caller& caller, Presumed presumed = Presumed::nothing) {
        const auto order = orders_.at(id);
        const CommandMark mark(orders_.store(), caller, order.stream.text(), verb, foldback::to_json(command),
                               presumed);
        std::vector<foldback::AggregateAt<Stock>> shelves;
        for (const auto& sku : skus) shelves.push_back(stock_.at(sku));
        return mark.checked([&] {
            const auto decide_together = [&](const OrderState& state, const std::vector<const StockState*>& stocks) {
                Shelves states;
                for (std::size_t i = 0; i < skus.size(); ++i) states.push_back({skus[i], stocks[i]});
                return decide(state, states, id, command);
            };
            const auto outcome = together(order, std::move(shelves)).transact(decide_together, mark.options());
            return answer_of(outcome, order.stream);
        });
    }

    [[nodiscard]] bool exists(const std::string& id) const {
        return static_cast<bool>(orders_.store().head(orders_.stream_of(id)));
    }

    Repository<Aggregate> orders_;
    Repository<Stock> stock_;
};

}  // namespace

std::unique_ptr<OrderCommands> make_commands(StreamStore& store, const foldback::Clock& clock, Reducer reducer) {
    if (reducer == Reducer::faulty) return std::make_unique<CommandsOf<FaultyOrder>>(store, clock);
    return std::make_unique<CommandsOf<Order>>(store, clock);
}

}  // namespace orders
