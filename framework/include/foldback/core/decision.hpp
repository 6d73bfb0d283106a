#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "foldback/core/check.hpp"

namespace foldback {

/// A business "no": nothing was wrong with the program or the world, the rules forbid it.
struct Rejection {
    std::string code;  ///< short and stable, for programs: "order-not-open"
    std::string text;  ///< one sentence, for people

    friend bool operator==(const Rejection&, const Rejection&) = default;
};

namespace detail {

template <class Value>
[[nodiscard]] std::string as_text(const Value& value) {
    if constexpr (std::convertible_to<const Value&, std::string_view>) {
        return std::string(std::string_view(value));
    } else if constexpr (std::same_as<Value, bool>) {
        return value ? "true" : "false";
    } else {
        return std::to_string(value);
    }
}

/// `pattern` with each `{}` replaced by the next argument.
inline std::string fill_in(std::string_view pattern, std::initializer_list<std::string> arguments) {
    std::string text;
    const auto* next = arguments.begin();
    while (true) {
        const auto place = pattern.find("{}");
        text += pattern.substr(0, place);
        if (place == std::string_view::npos) return text;
        text += next != arguments.end() ? *next++ : std::string("{}");
        pattern.remove_prefix(place + 2);
    }
}

}  // namespace detail

/// A rejection whose text is `text` with each `{}` replaced by the next argument: strings, numbers, bools.
template <class... Arguments>
[[nodiscard]] Rejection reject(std::string_view code, std::string_view text, const Arguments&... arguments) {
    return {std::string(code), detail::fill_in(text, {detail::as_text(arguments)...})};
}

/// What a `decide` function answers to a command: events to record, nothing to do, or a rejection.
///
/// `return {};` nothing; `return {OrderPaid{…}};` events; `return foldback::reject("code", "text");` no.
template <class Event>
class [[nodiscard]] Decision {
public:
    /// Nothing happens: what the command wants is already so.
    Decision() = default;
    /// These events happen, in this order.
    Decision(std::initializer_list<Event> events) : events_(events) {}
    Decision(std::vector<Event> events) : events_(std::move(events)) {}  // NOLINT(google-explicit-constructor)
    /// One event happens.
    template <class One>
    requires(std::constructible_from<Event, One> && !std::same_as<std::remove_cvref_t<One>, Decision>)
        Decision(One&& event) {  // NOLINT(google-explicit-constructor)
        events_.emplace_back(std::forward<One>(event));
    }
    /// The rules forbid it.
    Decision(Rejection rejection)  // NOLINT(google-explicit-constructor)
        : rejection_(std::move(rejection)), rejected_(true) {}

    [[nodiscard]] bool is_rejected() const noexcept { return rejected_; }
    [[nodiscard]] bool is_nothing() const noexcept { return !rejected_ && events_.empty(); }
    /// Empty when rejected and when nothing happens.
    [[nodiscard]] const std::vector<Event>& events() const& noexcept { return events_; }
    [[nodiscard]] std::vector<Event>&& events() && noexcept { return std::move(events_); }
    /// Precondition: is_rejected().
    [[nodiscard]] const Rejection& rejection() const {
        FOLDBACK_CHECK(rejected_, "a decision that rejects nothing has no rejection");
        return rejection_;
    }

    /// Adds an event. Precondition: not rejected.
    Decision& then(Event event) {
        FOLDBACK_CHECK(!rejected_, "a rejection has no events");
        events_.push_back(std::move(event));
        return *this;
    }

private:
    std::vector<Event> events_;
    Rejection rejection_;
    bool rejected_ = false;
};

}  // namespace foldback
