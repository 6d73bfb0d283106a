#include <algorithm>
#include <unordered_map>

#include "foldback/server/trace_context.hpp"
#include "protocol/reserved.hpp"
#include "subscriptions/actor.hpp"
#include "subscriptions/engine.hpp"
#include "subscriptions/glob.hpp"
#include "subscriptions/journal.hpp"

/// What subscriptions learn from the store: one look at the messages of all streams serves all of them.
namespace foldback::server::subscriptions {

namespace {

constexpr std::chrono::milliseconds save_cursor_after{1'000};
constexpr std::chrono::milliseconds look_again_after{5'000};  ///< when the store could not be read
constexpr std::uint64_t save_cursor_after_messages = 10'000;
constexpr std::uint64_t truncate_cursor_after = 1'000;

/// Whether a message at a point belongs to a stream as it is now, and not to a deleted one of the same name. The first
/// message of a fork lies at the point where it left its source.
bool is_of(const StreamInfo& info, StreamPoint point) {
    return point.incarnation == info.incarnation || (info.fork_point && point == *info.fork_point);
}

/// The trace that an event says it belongs to; empty when it says nothing valid. Not read as JSON: whatever stands there in
/// this form is a trace, and nothing depends on it.
std::string_view trace_of(std::string_view message) {
    constexpr std::string_view member = R"("traceparent":")";
    const auto at = message.rfind(member);
    if (at == std::string_view::npos) return {};
    const auto value = message.substr(at + member.size());
    const auto text = value.substr(0, std::min(value.find('"'), value.size()));
    return parse_traceparent(text) ? text : std::string_view();
}

}  // namespace

void Engine::load() {
    cursor_ = tail();
    for (const auto& id : stored_ids(store_)) {
        auto loaded = subscriptions::load(store_, id);
        if (!loaded) continue;
        auto actor = std::make_unique<Actor>(
            Actor{.id = id, .exists = true, .state = std::move(loaded->state), .offset = loaded->offset});
        actor->events = loaded->messages;
        actor->state.limit_times(now());
        std::vector<std::string> streams;
        for (const auto& [stream, link] : actor->state.links()) streams.push_back(stream);
        for (const auto& stream : streams) refresh(*actor, stream);
        index(*actor);
        actors_.emplace(id, std::move(actor));
    }
    saved_cursor_ = load_cursor(store_, logs_.size()).value_or(Cursor(logs_.size()));
    if (!actors_.empty()) cursor_ = earlier_of(cursor_, saved_cursor_);
}

void Engine::index(const Actor& actor) {
    const auto& configuration = actor.state.configuration();
    if (configuration.pattern) index_.add_pattern(*configuration.pattern, actor.id);
    for (const auto& [stream, link] : actor.state.links()) {
        if (link.by_name) index_.add_stream(stream, actor.id);
    }
}

void Engine::unindex(const Actor& actor) {
    const auto& configuration = actor.state.configuration();
    if (configuration.pattern) index_.remove_pattern(*configuration.pattern, actor.id);
    for (const auto& stream : configuration.streams) index_.remove_stream(stream, actor.id);
    for (const auto& [stream, link] : actor.state.links()) index_.remove_stream(stream, actor.id);
}

/// Looks at one linked stream.
void Engine::refresh(Actor& actor, const std::string& stream) {
    const auto info = store_.head(stream);
    if (info) {
        actor.state.saw(stream, info->incarnation, info->tail);
    } else {
        actor.state.missed(stream);
    }
}

/// Looks now and whenever there is news, as long as there are subscriptions. Others get their turn between two pages.
void Engine::follow_feed() {
    look_again_at_.reset();
    if (actors_.empty()) return watches_.clear();
    const auto again = [this, surroundings = surroundings_] { surroundings->post([this] { follow_feed(); }); };
    try {
        const bool up_to_date = look();
        run_awake();
        if (now() - cursor_saved_at_ >= save_cursor_after) save_cursor();
        if (!up_to_date) return again();
        watch(cursor_, again);
    } catch (const StorageError& error) {
        surroundings_->report(std::string("subscriptions cannot see what is appended: ") + error.what());
        watches_.clear();
        look_again_at_ = now() + look_again_after;
    }
}

Cursor Engine::tail() const {
    Cursor tail;
    for (auto* log : logs_) tail.push_back(log->tail());
    return tail;
}

void Engine::watch(const Cursor& beyond, const std::function<void()>& changed) {
    watches_.resize(logs_.size());
    for (std::size_t log = 0; log < logs_.size(); ++log) watches_[log] = logs_[log]->watch_feed(beyond[log], changed);
}

/// One page of each log. Whether they were the last ones.
bool Engine::look() {
    bool up_to_date = true;
    for (std::size_t log = 0; log < logs_.size(); ++log) up_to_date = look(log) && up_to_date;
    return up_to_date;
}

bool Engine::look(std::size_t log) {
    const auto page = logs_[log]->read_feed({.from = cursor_[log], .prefix = index_.common_prefix()});
    std::unordered_map<std::string_view, Seen> streams;
    for (const auto& message : page.messages) {
        if (protocol::is_reserved(message.stream)) continue;
        cursor_is_news_ = true;
        auto& [firsts, last] = streams[message.stream];
        last = message.data;
        // Of a stream that was deleted and created again within the page, both beginnings.
        if (firsts.empty() || firsts.back().incarnation != message.offset.incarnation) firsts.push_back(message.offset);
    }
    for (const auto& [stream, seen] : streams) sight(std::string(stream), seen);
    cursor_[log] = page.next;
    return page.up_to_date;
}

/// Looks at everything that is in the store by now.
void Engine::catch_up() {
    const auto end = tail();
    for (std::size_t log = 0; log < logs_.size(); ++log) {
        while (cursor_[log] < end[log]) (void)look(log);
    }
}

std::optional<Offset> Engine::needed_from(const StreamInfo& info) {
    catch_up();
    run_awake();
    const auto& stream = info.stream.text();
    std::optional<Offset> needed;
    const auto consider = [&needed](Offset offset) {
        if (!needed || offset < *needed) needed = offset;
    };
    for (const auto& id : index_.match(stream)) {
        const auto found = actors_.find(id);
        if (found == actors_.end()) continue;
        const auto& actor = *found->second;
        const auto* link = actor.state.find(stream);
        // A link of a namesake that is gone, or none: it begins where the stream does, if it has been seen.
        if (link != nullptr && link->incarnation == info.incarnation) {
            if (link->acked.offset < info.tail.offset) consider(link->acked.offset);
        } else if (const auto grown = actor.grown.find(stream); grown != actor.grown.end()) {
            consider(grown->second.sighting.first.offset);
        }
    }
    return needed;
}

void Engine::sight(const std::string& stream, const Seen& seen) {
    const auto& firsts = seen.firsts;
    const auto subscriptions = index_.match(stream);
    if (subscriptions.empty()) return;
    const auto info = store_.head(stream);
    const auto first =
        info ? std::find_if(firsts.begin(), firsts.end(), [&info](StreamPoint point) { return is_of(*info, point); })
             : firsts.end();
    if (first == firsts.end()) return;
    const auto trace = trace_of(seen.last);
    for (const auto& id : subscriptions) {
        const auto found = actors_.find(id);
        if (found == actors_.end()) continue;
        auto& actor = *found->second;
        const auto& configuration = actor.state.configuration();
        if (configuration.wake_stream == stream) continue;  // its own wakes would wake it
        const bool by_pattern = configuration.pattern && glob_matches(*configuration.pattern, stream);
        Actor::Growth growth{
            .sighting = {.stream = stream, .incarnation = info->incarnation, .first = *first, .by_pattern = by_pattern},
            .tail = info->tail};
        auto [known, is_new] = actor.grown.try_emplace(stream, growth);
        if (!is_new && known->second.sighting.incarnation == info->incarnation) {
            known->second.tail = info->tail;
        } else if (!is_new) {
            known->second = std::move(growth);
        }
        if (!trace.empty()) actor.traceparent = trace;
        if (!actor.grown_since) actor.grown_since = cursor_;
        wake_up(actor);
    }
}

void Engine::save_cursor() {
    auto cursor = cursor_;
    for (const auto& [id, actor] : actors_) cursor = earlier_of(cursor, actor->grown_since.value_or(cursor));
    // Writing it down moves the store's tail, too: that alone is no news.
    const auto passed = messages_between(saved_cursor_, cursor);
    if (passed == 0 || (!cursor_is_news_ && passed < save_cursor_after_messages)) return;
    cursor_is_news_ = cursor != cursor_;
    cursor_saved_at_ = now();
    saved_cursor_ = cursor;
    const bool truncates = ++cursor_saves_ % truncate_cursor_after == 0;
    store_.append(to_append(cursor), [this, truncates, surroundings = surroundings_](const Result<Appended>& done) {
        if (!done || !truncates) return;
        surroundings->post([this, before = done->first.offset] {
            store_.truncate_before(cursor_path(), before, [](const Result<Offset>&) {});
        });
    });
}

}  // namespace foldback::server::subscriptions
