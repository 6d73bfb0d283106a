#include <algorithm>
#include <set>

#include "debugger/answers.hpp"
#include "foldback/history/trace.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::debugger {

namespace {

/// Messages of the store that are looked at, and looked at again, for one answer.
constexpr std::uint64_t window = 1'000'000;
constexpr std::uint64_t max_reads = 3'000'000;

struct Range {
    Position from;
    Position end;
    bool is_whole = false;
};

/// The newest messages, or those around one.
Range range_of(StreamStore& store, std::optional<Position> around) {
    const auto tail = store.read_feed({.max_messages = 1}).tail;
    auto from = tail.value > window ? tail.value - window : 0;
    if (around) from = std::min(from, around->value > window / 2 ? around->value - window / 2 : 0);
    const auto end = std::min(tail.value, from + window);
    return {{from}, {end}, from == 0 && end == tail.value};
}

/// Copies of events that what-ifs left in forks are no events that happened.
class Feed {
public:
    Feed(const Context& context, Range range, bool with_forks)
        : store_(context.store), fork_prefix_(context.options.fork_prefix), range_(range), with_forks_(with_forks) {}

    /// One pass; false: the answer has cost enough before it came to its end.
    bool show(Trace& trace) {
        FeedRequest request{.from = range_.from, .max_bytes = 4 << 20};
        while (request.from < range_.end && !trace.is_full()) {
            const auto page = store_.read_feed(request);
            for (const auto& message : page.messages) {
                if (message.position >= range_.end) return true;
                if (++reads_ > max_reads) return false;
                if (with_forks_ || !message.stream.starts_with(fork_prefix_)) trace.look_at(message);
            }
            if (page.up_to_date) break;
            request.from = page.next;
        }
        return true;
    }

private:
    StreamStore& store_;
    const std::string& fork_prefix_;
    Range range_;
    bool with_forks_;
    std::uint64_t reads_ = 0;
};

Json node_of(const CausationTree& tree, std::size_t index) {
    const auto& [event, parent, depth] = tree.nodes[index];
    const auto text = [](const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); };
    Json node{{"stream", event.stream},
              {"event", event.offset.value + 1},
              {"offset", event.offset.value},
              {"type", event.type},
              {"id", text(event.id)},
              {"timestamp", protocol::format_timestamp(event.happened_at())},
              {"committed_at", protocol::format_timestamp(event.committed_at)},
              {"correlation", text(event.metadata.correlation)},
              {"causation", text(event.metadata.causation)},
              {"command", text(event.metadata.command)},
              {"parent", nullptr},
              {"depth", depth},
              {"after_ms", nullptr}};
    if (parent) {
        node["parent"] = *parent;
        node["after_ms"] = (event.happened_at() - tree.nodes[*parent].event.happened_at()).count();
    }
    return node;
}

Json document_of(const CausationTree& tree) {
    Json nodes = Json::array();
    std::set<std::string> streams;
    Timestamp first{};
    Timestamp last{};
    for (std::size_t index = 0; index < tree.nodes.size(); ++index) {
        nodes.push_back(node_of(tree, index));
        const auto& event = tree.nodes[index].event;
        streams.insert(event.stream);
        first = index == 0 ? event.happened_at() : std::min(first, event.happened_at());
        last = index == 0 ? event.happened_at() : std::max(last, event.happened_at());
    }
    return {{"nodes", std::move(nodes)}, {"streams", streams.size()}, {"duration_ms", (last - first).count()}};
}

}  // namespace

Json answer_trace(Context& context, const Parameters& parameters) {
    const auto limit = static_cast<std::size_t>(parameters.number("limit", 500, 1, 5000));
    std::optional<Position> around;
    std::optional<Trace> trace;
    Json document{{"build", context.options.build}};
    bool with_forks = false;
    if (const auto id = parameters.text("id")) {
        document["id"] = parameters.required("id");
        trace.emplace(*id, limit);
    } else {
        const auto timeline = context.borrow(parameters);
        const auto at = event_of(*timeline, parameters.number("event", timeline->tail().value, 1, UINT64_MAX));
        const auto event = timeline->event(at);
        document = stamp(context, *timeline);
        document["event"] = at.value + 1;
        with_forks = timeline->stream().text().starts_with(context.options.fork_prefix);
        around = event.position;
        trace.emplace(event, limit);
    }
    const auto range = range_of(context.store, around);
    Feed feed(context, range, with_forks);
    bool came_to_its_end = false;
    do {
        came_to_its_end = feed.show(*trace);
    } while (came_to_its_end && trace->wants_another_pass());
    const auto tree = trace->tree();
    document.update(document_of(tree));
    document["looked_at"] = range.end.value - range.from.value;
    document["complete"] = range.is_whole && came_to_its_end && tree.complete && !trace->is_full();
    return document;
}

}  // namespace foldback::server::debugger
