#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <unordered_map>
#include <utility>

#include "foldback/app/together.hpp"

namespace foldback {

namespace detail {

template <class Command>
concept ValidatesItself = requires(const Command& command) {
    { command.validate() } -> std::convertible_to<std::optional<Rejection>>;
};
template <class Command>
concept HasValidate = requires(const Command& command) {
    { validate(command) } -> std::convertible_to<std::optional<Rejection>>;
};

template <class Command>
[[nodiscard]] std::optional<Rejection> problem_of(const Command& command) {
    if constexpr (ValidatesItself<Command>) {
        return command.validate();
    } else if constexpr (HasValidate<Command>) {
        return validate(command);
    } else {
        return std::nullopt;
    }
}

[[noreturn]] void throw_not_bound(const char* type_name);
void require_unbound(bool is_new, const char* type_name);

}  // namespace detail

/// Knows for each type of command which aggregate it is for and who decides about it.
///
///     CommandHandler handler;
///     handler.on<PayOrder>(orders, &PayOrder::order_id, pay);     // Decision<OrderEvent> pay(const OrderState&, const PayOrder&)
///     handler.on<Transfer>([&](const Transfer& t) { return together(accounts.at(t.from), accounts.at(t.to)); }, transfer);
///     auto outcome = handler.handle(PayOrder{…}, {.metadata = {.actor = "ada"}, .command_id = request_id});
///
/// A command may say that it makes no sense, whatever the aggregates are like: by a function `validate(const Command&)` beside
/// it, or a member function `validate()`, that returns std::optional<Rejection>. Such a rejection is not remembered.
///
/// Bind first, then handle: from any number of threads.
class CommandHandler {
public:
    /// `id_of(command)` is the aggregate's id, `decide(state, command)` the decision. Keeps copies of all three; the
    /// repository's store must outlive the handler. Throws std::invalid_argument when the type is bound already.
    template <class Command, class Aggregate, class IdOf, class Decide>
    CommandHandler& on(const Repository<Aggregate>& repository, IdOf id_of, Decide decide) {
        using State = typename Aggregate::StateType;
        using Decided = Decision<typename Aggregate::EventType>;
        static_assert(std::convertible_to<std::invoke_result_t<const IdOf&, const Command&>, std::string_view>,
                      "the id of an aggregate is text: give a member or a function that yields it");
        static_assert(std::is_invocable_r_v<Decided, const Decide&, const State&, const Command&>,
                      "decide is called with (const State&, const Command&) and returns a foldback::Decision of the "
                      "aggregate's events");
        return bind<Command>([repository, id_of = std::move(id_of), decide = std::move(decide)](
                                 const Command& command, const TransactOptions& options) -> CommandOutcome {
            const auto& id = std::invoke(id_of, command);
            return repository.transact(
                std::string_view(id),
                [&](const State& state) -> Decided { return std::invoke(decide, state, command); }, options);
        });
    }

    /// For a command on several aggregates: `aggregates(command)` says by `together(…)` which, `decide(state…, command)` is the
    /// JointDecision.
    template <class Command, class AggregatesOf, class Decide>
    requires std::invocable<const AggregatesOf&, const Command&> CommandHandler& on(AggregatesOf aggregates,
                                                                                    Decide decide) {
        return bind<Command>([aggregates = std::move(aggregates), decide = std::move(decide)](
                                 const Command& command, const TransactOptions& options) -> CommandOutcome {
            return std::invoke(aggregates, command)
                .transact([&](const auto&... states) { return std::invoke(decide, states..., command); }, options);
        });
    }

    /// Validates the command and carries it out. Throws std::invalid_argument when its type is bound to nothing, and as
    /// Repository::transact does.
    template <class Command>
    CommandOutcome handle(const Command& command, const TransactOptions& options = {}) const {
        const auto bound = bound_.find(typeid(Command));
        if (bound == bound_.end()) detail::throw_not_bound(typeid(Command).name());
        if (auto problem = detail::problem_of(command)) return *std::move(problem);
        return bound->second(&command, options);
    }

    template <class Command>
    [[nodiscard]] bool handles() const {
        return bound_.contains(typeid(Command));
    }

private:
    template <class Command, class Carry>
    CommandHandler& bind(Carry carry) {
        const auto [place, is_new] = bound_.try_emplace(
            typeid(Command), [carry = std::move(carry)](const void* command, const TransactOptions& options) {
                return carry(*static_cast<const Command*>(command), options);
            });
        detail::require_unbound(is_new, typeid(Command).name());
        return *this;
    }

    std::unordered_map<std::type_index, std::function<CommandOutcome(const void*, const TransactOptions&)>> bound_;
};

}  // namespace foldback
