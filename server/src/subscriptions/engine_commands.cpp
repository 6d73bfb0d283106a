#include <algorithm>
#include <utility>

#include "subscriptions/actor.hpp"
#include "subscriptions/engine.hpp"
#include "subscriptions/glob.hpp"
#include "subscriptions/journal.hpp"

#include "protocol/offset_token.hpp"
#include "protocol/reserved.hpp"

/// What a subscription does because a client asks.
namespace foldback::server::subscriptions {

namespace {

/// However long a worker keeps its lease: then its token ends. The lease itself is what fences workers; a token must
/// outlast it, as an extended lease comes without a new token.
constexpr std::chrono::hours token_lifetime{24};
constexpr std::size_t max_waiting = 1'000;

Rejection not_found() { return reject(code::not_found, "There is no such subscription."); }

/// Whether the answer depends on what was appended before the command came.
bool needs_present(const Command& command) {
    return std::holds_alternative<Claim>(command) || std::holds_alternative<Report>(command);
}

/// The token of a wake that a command carries; null when it needs none.
const std::string* token_of(const Command& command) {
    if (const auto* report = std::get_if<Report>(&command)) return &report->token;
    if (const auto* release = std::get_if<Release>(&command)) return &release->token;
    return nullptr;
}

}  // namespace

void Engine::submit(Addressed addressed, Respond respond) {
    // Before anything is looked up: these requests come from anybody.
    if (const auto* token = token_of(addressed.command)) {
        const auto claims = check_token(keys_.tokens, *token, addressed.id, now());
        if (!claims) return respond(rejected(claims.error()));
    }
    auto found = actors_.find(addressed.id);
    if (found == actors_.end()) {
        if (!std::holds_alternative<Put>(addressed.command)) {
            const bool is_delete = std::holds_alternative<Delete>(addressed.command);
            return respond(is_delete ? no_content() : rejected(not_found()));
        }
        if (actors_.size() >= options_.max_subscriptions) {
            return respond(rejected(
                reject(code::too_many, "The server has {} subscriptions, and no room for more.", actors_.size())));
        }
        auto actor = std::make_unique<Actor>();
        actor->id = addressed.id;
        found = actors_.emplace(addressed.id, std::move(actor)).first;
    }
    auto& actor = *found->second;
    if (actor.waiting.size() >= max_waiting) {
        return respond(rejected(reject(code::busy, "Too many requests wait for this subscription.")));
    }
    actor.waiting.push_back({.command = std::move(addressed.command), .respond = std::move(respond)});
    wake_up(actor);
    run_awake();
}

/// Whether it went on to write something.
bool Engine::run_command(Actor& actor) {
    auto next = std::move(actor.waiting.front());
    actor.waiting.pop_front();
    try {
        if (actor.exists && needs_present(next.command) && !std::exchange(next.caught_up, true)) {
            catch_up();
            if (record_sightings(actor)) {
                actor.waiting.push_front(std::move(next));
                return true;
            }
        }
        if (!actor.exists && !std::holds_alternative<Put>(next.command)) {
            const bool is_delete = std::holds_alternative<Delete>(next.command);
            next.respond(is_delete ? no_content() : rejected(not_found()));
            return false;
        }
        std::visit([&](const auto& command) { run(actor, command, next.respond); }, next.command);
    } catch (const std::exception& error) {
        if (!actor.exists) unindex(actor);
        surroundings_->report("a request for the subscription " + actor.id + " failed: " + error.what());
        next.respond(rejected(reject(code::internal, "The request failed. The server's log says why.")));
    }
    return actor.writing;
}

/// Records what was decided; then, or when nothing had to be, answers.
void Engine::record(Actor& actor, Decided decided, const Respond& respond, std::function<Response()> answer) {
    if (decided.is_rejected()) return respond(rejected(decided.rejection()));
    if (decided.is_nothing()) return respond(answer());
    commit(actor, std::move(decided).events(), [respond, answer = std::move(answer)](const Refused* why) {
        respond(why != nullptr ? subscriptions::refused(*why) : answer());
    });
}

Addresses Engine::addresses_of(const std::string& base) const {
    return {.base = options_.public_url.empty() ? base : options_.public_url, .stream_prefix = options_.stream_prefix};
}

std::string Engine::token_for(const Actor& actor) const {
    return issue_token(keys_.tokens, {.subscription = actor.id,
                                      .generation = actor.state.generation(),
                                      .wake_id = actor.state.wake()->id,
                                      .expires_at = now() + token_lifetime});
}

void Engine::run(Actor& actor, const Put& put, const Respond& respond) {
    if (!actor.exists) return create(actor, put, respond);
    if (actor.state.created().configuration_hash != hash_of(put.configuration)) {
        return respond(rejected(
            reject(code::already_exists, "The subscription exists with another configuration: delete it first.")));
    }
    respond(described(200, actor.id, actor.state, addresses_of(put.base_url), keys_.active.kid()));
}

void Engine::run(Actor& actor, const Get& get, const Respond& respond) {
    respond(described(200, actor.id, actor.state, addresses_of(get.base_url), keys_.active.kid()));
}

/// The stream as the store has it; what it has not yet begins at the start.
NamedStream Engine::look_up(const std::string& stream) {
    const auto info = store_.head(stream);
    if (!info) return {.stream = stream};
    return {.stream = stream, .incarnation = info->incarnation, .tail = info->tail};
}

/// Every stream there is that the configuration concerns, at its tail (PROTOCOL §6.2). Streams that come later are found
/// by their messages.
Checked<std::vector<StreamLink>> Engine::links_for(const Configuration& configuration) {
    std::map<std::string, StreamLink> links;
    for (const auto& stream : configuration.streams) {
        const auto found = look_up(stream);
        links[stream] = {.stream = stream,
                         .incarnation = found.incarnation.value,
                         .acked = protocol::offset_token(found.tail),
                         .by_name = true};
    }
    ListRequest request{.prefix = std::string(literal_prefix(configuration.pattern.value_or("")))};
    bool complete = !configuration.pattern;
    while (!complete) {
        const auto page = store_.list(request);
        for (const auto& info : page.streams) {
            const auto& stream = info.stream.text();
            const bool is_own = configuration.wake_stream == stream;
            if (is_own || protocol::is_reserved(stream) || !glob_matches(*configuration.pattern, stream)) continue;
            auto& link = links[stream];
            link.stream = stream;
            link.incarnation = info.incarnation.value;
            link.acked = protocol::offset_token(info.tail);
            link.by_pattern = true;
        }
        complete = page.complete || page.streams.empty();
        if (!complete) request.after = page.streams.back().stream.text();
        if (links.size() > options_.max_streams) {
            return reject(code::too_many, "The subscription would have more than {} streams.", options_.max_streams);
        }
    }
    std::vector<StreamLink> list;
    list.reserve(links.size());
    for (auto& [stream, link] : links) list.push_back(std::move(link));
    return list;
}

void Engine::create(Actor& actor, const Put& put, const Respond& respond) {
    if (options_.public_url.empty() && put.base_url.empty()) {
        return respond(rejected(reject(code::invalid_request, "The request needs a Host header.")));
    }
    if (put.most_own != 0) {
        const auto own = std::count_if(actors_.begin(), actors_.end(), [&](const auto& other) {
            const auto& [id, known] = other;
            return known.get() != &actor && (known->exists || known->writing) && put.is_own(id);
        });
        if (static_cast<std::uint64_t>(own) >= put.most_own) {
            return respond(rejected(reject(
                code::over_quota, "These credentials have used up their quota of {} subscriptions.", put.most_own)));
        }
    }
    actor.state.apply(SubscriptionCreated{.configuration = put.configuration,
                                          .configuration_hash = hash_of(put.configuration),
                                          .base_url = put.base_url,
                                          .created_at = clock_.now()});
    std::optional<AppendRequest> cursor;
    if (actors_.size() == 1) {
        // Nobody was there to look: what was appended so far concerns nobody.
        saved_cursor_ = cursor_ = tail();
        cursor = to_append(cursor_);
    }
    // Watched from before the list is made: a stream that comes meanwhile is found by the one or the other.
    index(actor);
    for (const auto& stream : put.configuration.streams) index_.add_stream(stream, actor.id);
    surroundings_->post([this] { follow_feed(); });
    auto links = links_for(put.configuration);
    if (!links) {
        unindex(actor);
        return respond(rejected(links.error()));
    }
    actor.state.apply(StreamsLinked{std::move(*links)});
    auto events = restate(actor.state);
    events.front() = actor.state.created();
    const auto created = [this, &actor, respond](const Refused* why) {
        if (why != nullptr) {
            unindex(actor);
            return respond(subscriptions::refused(*why));
        }
        actor.exists = true;
        respond(
            described(201, actor.id, actor.state, addresses_of(actor.state.created().base_url), keys_.active.kid()));
    };
    commit(actor, std::move(events), created, std::move(cursor));
}

void Engine::run(Actor& actor, const Delete&, const Respond& respond) {
    actor.writing = true;
    auto done = [this, &actor, respond, surroundings = surroundings_](const Result<std::monostate>& removed) {
        surroundings->post([this, &actor, respond, removed] {
            actor.writing = false;
            if (removed) {
                if (!actor.attempt.empty()) surroundings_->cancel(actor.id);
                unindex(actor);
                Actor empty{.id = actor.id, .waiting = std::move(actor.waiting), .due = actor.due};
                actor = std::move(empty);
            }
            respond(removed ? no_content() : subscriptions::refused(removed.error()));
            wake_up(actor);
            run_awake();
        });
    };
    store_.remove(journal_of(actor.id), std::move(done));
}

void Engine::run(Actor& actor, const AddStreams& add, const Respond& respond) {
    if (actor.state.links().size() + add.streams.size() > options_.max_streams) {
        return respond(rejected(
            reject(code::too_many, "The subscription would have more than {} streams.", options_.max_streams)));
    }
    std::vector<NamedStream> streams;
    // First watched, then looked up: see `create`.
    for (const auto& stream : add.streams) {
        if (actor.state.configuration().wake_stream == stream) {
            return respond(rejected(reject(code::invalid_request, "A subscription cannot follow its wake stream.")));
        }
        index_.add_stream(stream, actor.id);
        streams.push_back(look_up(stream));
    }
    record(actor, decide_add(actor.state, streams), respond, no_content);
}

void Engine::run(Actor& actor, const RemoveStream& remove, const Respond& respond) {
    record(actor, decide_remove(actor.state, remove.stream), respond, [this, &actor, stream = remove.stream] {
        index_.remove_stream(stream, actor.id);
        return no_content();
    });
}

void Engine::run(Actor& actor, const Claim& claim, const Respond& respond) {
    for (const auto& stream : next_pending(actor.state)) refresh(actor, stream);
    auto decided = decide_claim(actor.state, now(), claim.worker, new_wake_id());
    if (decided.is_rejected() && decided.rejection().code == code::already_claimed) {
        return respond(already_claimed(decided.rejection(), actor.state));
    }
    record(actor, std::move(decided), respond, [this, &actor] { return claimed(actor.state, token_for(actor)); });
}

void Engine::run(Actor& actor, const Report& report, const Respond& respond) {
    if (actor.state.configuration().type != report.from) {
        const auto* wanted = report.from == Delivery::webhook ? "ack" : "callback";
        return respond(rejected(reject(code::invalid_request, "Workers of this subscription use {}.", wanted)));
    }
    const auto claims = check_token(keys_.tokens, report.token, actor.id, now());
    if (!claims) return respond(rejected(claims.error()));
    for (const auto& ack : report.progress.acks) refresh(actor, ack.stream);
    record(actor, decide_progress(actor.state, now(), *claims, report.progress), respond,
           [&actor, done = report.progress.done] { return progressed(done && !actor.state.pending().empty()); });
}

void Engine::run(Actor& actor, const Release& release, const Respond& respond) {
    if (actor.state.configuration().type != Delivery::pull_wake) {
        return respond(rejected(reject(code::invalid_request, "The subscription is delivered by webhook.")));
    }
    const auto claims = check_token(keys_.tokens, release.token, actor.id, now());
    if (!claims) return respond(rejected(claims.error()));
    record(actor, decide_release(actor.state, now(), *claims, release.wake), respond, no_content);
}

}  // namespace foldback::server::subscriptions
