#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "foldback/core/decode.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/testing/description.hpp"
#include "foldback/testing/law_options.hpp"
#include "foldback/testing/random.hpp"
#include "foldback/testing/shrink.hpp"
#include "foldback/testing/text_of.hpp"

namespace foldback::testing::detail {

/// The seed of the environment variable FOLDBACK_SEED, or 1.
[[nodiscard]] std::uint64_t seed_of_environment();

/// `what` happened, and then the one text is the other.
[[nodiscard]] std::string differing(const std::string& what, const std::string& left, const std::string& right);

/// An event with random members: one of the structs of `Event`.
template <class Event>
[[nodiscard]] Event random_event(Random& random) {
    using Structs =
        boost::mp11::mp_remove<boost::mp11::mp_rename<typename Event::Variant, boost::mp11::mp_list>, UnknownEvent>;
    static_assert(!boost::mp11::mp_empty<Structs>::value, "an aggregate with events");
    return boost::mp11::mp_with_index<boost::mp11::mp_size<Structs>::value>(
        static_cast<std::size_t>(random.below(boost::mp11::mp_size<Structs>::value)),
        [&](auto index) -> Event { return random_value<boost::mp11::mp_at_c<Structs, index>>(random); });
}

template <class Aggregate>
class LawChecker {
public:
    using State = typename Aggregate::StateType;
    using Event = typename Aggregate::EventType;
    using History = std::vector<Event>;
    /// What is wrong with a history; nothing when nothing is.
    using Problem = std::optional<std::string>;
    using Options = LawOptions<Aggregate>;

    explicit LawChecker(const Options& options)
        : options_(options), seed_(options.seed ? *options.seed : seed_of_environment()) {}

    [[nodiscard]] std::optional<BrokenLaw> run() {
        if (auto problem = undescribed_members<Event>(); !problem.empty())
            return BrokenLaw{.law = "events-are-described", .explanation = std::move(problem), .history = {}};
        for (std::size_t round = 0; round < options_.rounds; ++round) {
            const std::uint64_t seed = seed_ + round;
            if (auto broken = try_history("encoding-is-lossless", &LawChecker::encoding, extreme_history(seed), seed))
                return broken;
            const auto history = history_of(seed);
            if (auto broken = try_laws(history, seed)) return broken;
        }
        return std::nullopt;
    }

private:
    [[nodiscard]] std::optional<BrokenLaw> try_laws(const History& history, std::uint64_t seed) {
        auto broken = try_history("encoding-is-lossless", &LawChecker::encoding, history, seed);
        if (!broken) broken = try_history("fold-is-deterministic", &LawChecker::determinism, history, seed);
        if (!broken) broken = try_history("chunks-are-the-whole", &LawChecker::chunks, history, seed);
        if (!broken) broken = try_history("snapshot-is-the-state", &LawChecker::snapshots, history, seed);
        if (!broken) broken = try_history("deciding-twice-is-once", &LawChecker::deciding_twice, history, seed);
        return broken;
    }

    [[nodiscard]] std::optional<BrokenLaw> try_history(const char* name,
                                                       Problem (LawChecker::*law)(const History&) const,
                                                       const History& history, std::uint64_t seed) const {
        if (!(this->*law)(history)) return std::nullopt;
        const auto smallest =
            shrink(history, [&](const History& shorter) { return (this->*law)(shorter).has_value(); });
        BrokenLaw broken{
            .law = name,
            .explanation = (this->*law)(smallest).value_or("it holds when tried again: chance plays a part"),
            .history = {},
            .seed = seed,
            .shrunk_from = history.size()};
        for (const auto& event : smallest) broken.history.push_back(text_of(event));
        return broken;
    }

    // ---- histories ----

    [[nodiscard]] History history_of(std::uint64_t seed) const {
        Random random(seed);
        const auto length = random.below(options_.max_events + 1);
        History history;
        Aggregate aggregate;
        while (history.size() < length) {
            History next;
            if (options_.next) {
                next = options_.next(aggregate.state(), random);
                if (next.empty()) break;
            } else {
                next.push_back(options_.event ? options_.event(random) : random_event<Event>(random));
            }
            aggregate.fold(next);
            history.insert(history.end(), next.begin(), next.end());
        }
        return history;
    }
    /// Events that are not folded, so that their numbers may be of any size. None where events are made by hand.
    [[nodiscard]] History extreme_history(std::uint64_t seed) const {
        History history;
        Random random(seed);
        random.extreme = true;
        if (!options_.event && !options_.next) history.push_back(random_event<Event>(random));
        return history;
    }

    [[nodiscard]] static Aggregate fold(const History& history, std::size_t from, std::size_t to,
                                        Aggregate aggregate = {}) {
        for (std::size_t i = from; i < to; ++i) aggregate.apply(history[i]);
        return aggregate;
    }

    // ---- laws ----

    [[nodiscard]] Problem encoding(const History& history) const {
        for (const auto& event : history) {
            const auto text = to_envelope(event);
            History decoded;
            MergersOf<Event> mergers;
            EnvelopeReader envelope;
            try {
                envelope.open(text);
                decode_data<Event>(envelope, Aggregate::reading, mergers,
                                   [&](auto one) { decoded.emplace_back(std::move(one)); });
            } catch (const std::exception& error) {
                return "stored as " + text + " it cannot be read: " + error.what();
            }
            if (decoded.size() != 1) return "stored as " + text + " it is not one event any more";
            if (to_envelope(decoded[0]) != text) return differing("stored again", text, to_envelope(decoded[0]));
            const bool equal =
                decoded[0].index() == event.index() &&
                std::visit(
                    [&]<class Struct>(const Struct& one) { return same(one, std::get<Struct>(decoded[0].variant())); },
                    event.variant());
            if (!equal) return "read from " + text + " it is not equal to what was stored: a member is not stored";
        }
        return std::nullopt;
    }

    [[nodiscard]] Problem determinism(const History& history) const {
        const auto once = fold(history, 0, history.size());
        const auto again = fold(history, 0, history.size());
        return compare("folded again", once, again);
    }

    [[nodiscard]] Problem chunks(const History& history) const {
        const auto whole = fold(history, 0, history.size());
        for (std::size_t cut = 0; cut <= history.size(); ++cut) {
            const auto first = fold(history, 0, cut);
            const auto before = text_of(first.state());
            const auto rest = fold(history, cut, history.size(), first);
            const auto where = " at event " + std::to_string(cut);
            if (auto problem = compare("folded on from a copy taken" + where, whole, rest)) return problem;
            if (text_of(first.state()) != before)
                return differing("a copy taken" + where + " was folded on, and changed the original", before,
                                 text_of(first.state()));
        }
        return std::nullopt;
    }

    [[nodiscard]] Problem snapshots(const History& history) const {
        const auto whole = fold(history, 0, history.size());
        for (std::size_t cut = 0; cut <= history.size(); ++cut) {
            const auto state = to_json(fold(history, 0, cut).state());
            const auto where = " at event " + std::to_string(cut);
            try {
                const Aggregate restored(from_json<State>(state), Offset{cut});
                if (auto problem = compare("folded on from a stored state taken" + where, whole,
                                           fold(history, cut, history.size(), restored)))
                    return problem;
            } catch (const JsonError& error) {
                return "the state" + where + " stored as " + state + " cannot be read: " + error.what();
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] Problem deciding_twice(const History& history) const {
        for (const auto& [name, decide] : options_.idempotent) {
            auto aggregate = fold(history, 0, history.size());
            const auto first = decide(aggregate.state());
            if (first.is_rejected() || first.is_nothing()) continue;
            aggregate.fold(first.events());
            const auto second = decide(aggregate.state());
            if (second.is_nothing()) continue;
            if (second.is_rejected())
                return name + " is rejected the second time: " + second.rejection().code + " (" +
                       second.rejection().text + ")";
            std::string events;
            for (const auto& event : second.events()) events += "\n    " + text_of(event);
            return name + " decides something the second time:" + events;
        }
        return std::nullopt;
    }

    [[nodiscard]] static Problem compare(const std::string& what, const Aggregate& left, const Aggregate& right) {
        if (same(left.state(), right.state())) return std::nullopt;
        const auto one = text_of(left.state());
        const auto two = text_of(right.state());
        if (one == two) return what + ", the state is not equal, although its JSON is: " + one;
        return differing(what, one, two);
    }

    Options options_;
    std::uint64_t seed_;
};

}  // namespace foldback::testing::detail
