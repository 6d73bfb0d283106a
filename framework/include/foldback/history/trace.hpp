#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/core/metadata.hpp"
#include "foldback/core/offset.hpp"
#include "foldback/core/timestamp.hpp"
#include "foldback/history/answers.hpp"
#include "foldback/store/read_page.hpp"

namespace foldback {

/// An event of any stream, with what it says of itself and of what led to it.
struct TracedEvent {
    std::string stream;
    Offset offset;
    Position position;
    Timestamp committed_at;
    std::string type{};
    std::string id{};
    std::optional<Timestamp> timestamp{};
    Metadata metadata{};

    /// When it happened: as it says itself, else when it was committed.
    [[nodiscard]] Timestamp happened_at() const { return timestamp.value_or(committed_at); }
};

/// Which event led to which. Every event stands behind the one that led to it, and before all that came of the next.
struct CausationTree {
    struct Node {
        TracedEvent event;
        std::optional<std::size_t> parent{};  ///< index of the event whose id is this one's causation; absent: a root
        std::size_t depth = 0;                ///< 0: a root
    };
    std::vector<Node> nodes{};
    bool complete = true;  ///< false: there were more than the limit
};

/// Gathers the events that hang together with one: its causes, its effects, those of the same correlation or command, and
/// theirs in turn. It is handed the messages of a feed in commit order, in several passes:
///
///     Trace trace("7f3c", 1000);
///     do {
///         for (const auto& message : feed) trace.look_at(message);
///     } while (trace.wants_another_pass());
///     auto tree = trace.tree();
class Trace {
public:
    /// What has this name: an event's id, a causation, a correlation or a command. At most `limit` events.
    Trace(std::string_view name, std::size_t limit);
    /// What hangs together with one event, which is among the messages.
    Trace(const StoredEvent& event, std::size_t limit);
    Trace(Trace&&) noexcept;
    Trace& operator=(Trace&&) noexcept;
    ~Trace();

    /// Messages that are no JSON, or not in our envelope, hang together with nothing.
    void look_at(const FeedMessage& message);
    /// Whether events that lie before what was learnt last may belong to it as well. Begins the next pass.
    [[nodiscard]] bool wants_another_pass();
    [[nodiscard]] bool is_full() const noexcept;
    [[nodiscard]] CausationTree tree() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace foldback
