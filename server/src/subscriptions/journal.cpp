#include "subscriptions/journal.hpp"

#include "foldback/app/event_reader.hpp"
#include "foldback/core/aggregate.hpp"
#include "foldback/core/envelope.hpp"

namespace foldback::server::subscriptions {

namespace {

using Subscription = Aggregate<State, SubscriptionEvent>;

constexpr std::size_t max_id_bytes = 200;
constexpr const char* json_type = "application/json";

Messages to_messages(const std::vector<SubscriptionEvent>& events, Timestamp now) {
    std::vector<std::string> texts;
    texts.reserve(events.size());
    for (const auto& event : events) texts.push_back(to_envelope(event, {.timestamp = now}));
    return Messages::trusted_json(std::span<const std::string>(texts));
}

}  // namespace

std::string problem_with_id(std::string_view id) {
    if (id.size() > max_id_bytes) return "it is longer than " + std::to_string(max_id_bytes) + " bytes";
    if (id.find('/') != std::string_view::npos) return "it has a slash";
    return StreamPath::problem_with(id);
}

StreamPath journal_of(const std::string& id) { return std::string(subscriptions_prefix) + id; }

std::optional<Loaded> load(StreamStore& store, const std::string& id) {
    const auto path = journal_of(id);
    std::optional<Subscription> subscription;
    ReadFrom from = FromStart{};
    Offset first;
    while (true) {
        const auto page = store.read({.stream = path, .from = from, .renews_ttl = false});
        if (!page) return std::nullopt;
        // What lies before the last restatement may be given up.
        if (!subscription) subscription.emplace(State(), first = page->start.offset);
        fold_page(*subscription, *page, path.text());
        if (page->up_to_date) break;
        from = page->next;
    }
    if (subscription->state().created().configuration_hash.empty()) return std::nullopt;  // created, and no more
    const auto next = subscription->offset();
    return Loaded{.state = subscription->state(), .offset = next, .messages = next.value - first.value};
}

std::vector<std::string> stored_ids(StreamStore& store) {
    std::vector<std::string> ids;
    ListRequest request{.prefix = std::string(subscriptions_prefix)};
    while (true) {
        const auto page = store.list(request);
        for (const auto& info : page.streams) ids.push_back(info.stream.text().substr(subscriptions_prefix.size()));
        if (page.complete || page.streams.empty()) return ids;
        request.after = page.streams.back().stream.text();
    }
}

AppendRequest to_append(const std::string& id, Offset offset, const std::vector<SubscriptionEvent>& events,
                        Timestamp now) {
    AppendRequest append{
        .stream = journal_of(id), .messages = to_messages(events, now), .content_type = json_type, .expected = offset};
    if (offset.value == 0) append.create_with = StreamConfig{.content_type = json_type};
    return append;
}

StreamPath cursor_path() { return "__ds/subscriptions-cursor"; }

std::optional<Cursor> load_cursor(StreamStore& store, std::size_t logs) {
    const auto page = store.read({.stream = cursor_path(),
                                  .from = FromTail{},
                                  .direction = Direction::backward,
                                  .max_messages = 1,
                                  .renews_ttl = false});
    if (!page || page->runs.empty()) return std::nullopt;
    auto text = (*page->begin()).data;
    if (text.size() < 2) return std::nullopt;
    return parse_cursor(text.substr(1, text.size() - 2), logs);
}

AppendRequest to_append(const Cursor& cursor) {
    const std::string text = '"' + text_of(cursor) + '"';
    return {.stream = cursor_path(),
            .messages = Messages::trusted_json(std::span(&text, 1)),
            .content_type = json_type,
            .create_with = StreamConfig{.content_type = json_type}};
}

}  // namespace foldback::server::subscriptions
