#include "foldback/history/trace.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "foldback/core/envelope.hpp"

namespace foldback {

namespace {

/// Names that were met. The empty one is none.
class Names {
public:
    /// Whether it is new.
    bool add(const std::string& name) { return !name.empty() && names_.insert(name).second; }
    [[nodiscard]] bool contains(const std::string& name) const { return !name.empty() && names_.contains(name); }

private:
    std::set<std::string, std::less<>> names_;
};

/// Causes come before their effects, so a tree is what an earlier event's id makes of a causation.
std::vector<CausationTree::Node> in_tree_order(const std::map<Position, TracedEvent>& events) {
    std::unordered_map<std::string, Position> by_id;
    std::map<Position, std::vector<Position>> effects;
    std::vector<Position> roots;
    for (const auto& [position, event] : events) {
        const auto cause = event.metadata.causation.empty() ? by_id.end() : by_id.find(event.metadata.causation);
        (cause == by_id.end() ? roots : effects[cause->second]).push_back(position);
        if (!event.id.empty()) by_id.emplace(event.id, position);
    }
    struct Waiting {
        Position position;
        std::optional<std::size_t> parent;
        std::size_t depth;
    };
    std::vector<Waiting> waiting;  // the next one at the end
    for (auto root = roots.rbegin(); root != roots.rend(); ++root) waiting.push_back({*root, std::nullopt, 0});
    std::vector<CausationTree::Node> nodes;
    while (!waiting.empty()) {
        const auto [position, parent, depth] = waiting.back();
        waiting.pop_back();
        const auto index = nodes.size();
        nodes.push_back({events.at(position), parent, depth});
        const auto& next = effects[position];
        for (auto effect = next.rbegin(); effect != next.rend(); ++effect)
            waiting.push_back({*effect, index, depth + 1});
    }
    return nodes;
}

}  // namespace

struct Trace::State {
    std::size_t limit = 0;
    std::optional<Position> seed{};
    Names ids{};           ///< events with these ids belong to it
    Names causes{};        ///< and those that these led to
    Names correlations{};  ///< and those of these conversations
    Names commands{};      ///< and those of these commands
    std::map<Position, TracedEvent> found{};
    bool learnt_backward = false;  ///< a name that earlier events may have as well
    bool complete = true;
    EnvelopeReader envelope{};
    TracedEvent event{};

    void learn(const TracedEvent& from) {
        (void)causes.add(from.id);
        // What it leads to comes later; what led to it, or stands beside it, may lie before.
        const bool new_cause = ids.add(from.metadata.causation) && !causes.contains(from.metadata.causation);
        const bool new_correlation = correlations.add(from.metadata.correlation);
        const bool new_command = commands.add(from.metadata.command);
        learnt_backward = learnt_backward || new_cause || new_correlation || new_command;
    }

    [[nodiscard]] bool belongs() const {
        return event.position == seed || ids.contains(event.id) || causes.contains(event.metadata.causation) ||
               correlations.contains(event.metadata.correlation) || commands.contains(event.metadata.command);
    }

    /// Reads what a message says into `event`; whether it is in our envelope.
    bool read(std::string_view message) {
        try {
            envelope.open(message);
            (void)envelope.data().skip();
            envelope.read_rest();
            envelope.read_metadata(event.metadata);
        } catch (const JsonError&) {
            return false;
        }
        event.type = envelope.type();
        event.id = envelope.id();
        event.timestamp.reset();
        if (envelope.has_timestamp()) event.timestamp = envelope.timestamp();
        return true;
    }
};

Trace::Trace(std::string_view name, std::size_t limit) : state_(new State{.limit = limit}) {
    const std::string text(name);
    for (auto* names : {&state_->ids, &state_->causes, &state_->correlations, &state_->commands})
        (void)names->add(text);
}

Trace::Trace(const StoredEvent& event, std::size_t limit) : state_(new State{.limit = limit, .seed = event.position}) {
    state_->learn({.stream = {},
                   .offset = event.offset,
                   .position = event.position,
                   .committed_at = event.committed_at,
                   .id = event.id,
                   .metadata = event.metadata});
    state_->learnt_backward = false;  // No pass has begun.
}

Trace::Trace(Trace&&) noexcept = default;
Trace& Trace::operator=(Trace&&) noexcept = default;
Trace::~Trace() = default;

void Trace::look_at(const FeedMessage& message) {
    auto& state = *state_;
    if (message.framing != Framing::json || state.found.contains(message.position)) return;
    state.event.position = message.position;
    if (!state.read(message.data)) {
        if (message.position != state.seed) return;
        state.event = {.stream = {}, .offset = {}, .position = message.position, .committed_at = {}};
    } else if (!state.belongs()) {
        return;
    }
    if (is_full()) {
        state.complete = false;
        return;
    }
    state.event.stream = message.stream;
    state.event.offset = message.offset.offset;
    state.event.committed_at = message.committed_at;
    state.learn(state.event);
    state.found.emplace(message.position, state.event);
}

bool Trace::wants_another_pass() { return std::exchange(state_->learnt_backward, false) && !is_full(); }

bool Trace::is_full() const noexcept { return state_->found.size() >= state_->limit; }

CausationTree Trace::tree() const { return {in_tree_order(state_->found), state_->complete}; }

}  // namespace foldback
