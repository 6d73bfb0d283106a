#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/server/api.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"
#include "subscriptions/answers.hpp"
#include "subscriptions/commands.hpp"
#include "subscriptions/cursor.hpp"
#include "subscriptions/decisions.hpp"
#include "subscriptions/pattern_index.hpp"
#include "subscriptions/signing_keys.hpp"

namespace foldback::server::subscriptions {

struct EngineOptions {
    std::string stream_prefix = "/v1/stream/";
    std::string public_url{};                ///< empty: as whoever creates a subscription reaches the server
    std::size_t max_subscriptions = 10'000;  ///< 429 beyond
    std::size_t max_streams = 100'000;       ///< that one subscription is created with, or given by name; 429 beyond
    std::uint64_t restate_after_events = 1'000;  ///< a journal is begun anew after so many, and one for each stream
};

/// A webhook to send.
struct Attempt {
    std::string subscription;
    std::string wake_id;
    std::string url;
    std::string body;
    std::chrono::milliseconds time{};  ///< that the receiver has for its answer
    std::string traceparent{};         ///< of the newest event that the subscription saw; may be empty
};

/// What the engine needs of the world it runs in.
class Surroundings {
public:
    virtual ~Surroundings() = default;

    /// Runs work on the engine's thread, later. Called from any thread.
    virtual void post(std::function<void()> work) = 0;
    /// Sends a webhook, which ends with a call of Engine::attempt_ended unless it is cancelled before.
    virtual void start(Attempt attempt) = 0;
    virtual void cancel(const std::string& subscription) = 0;
    /// From 0 to 1.
    [[nodiscard]] virtual double chance() = 0;
    /// For the operator.
    virtual void report(const std::string& what) = 0;
};

/// All subscriptions of a store: watches what is appended, wakes those it concerns, and does what their clients ask.
///
/// Each subscription does one thing at a time, which ends when the store has made it durable; they do not wait for each
/// other. One thread calls all members, and the constructor. Reads of the store run on it and may wait for the disk.
class Engine {
public:
    /// Folds the subscriptions of the store back. All references must outlive it; `surroundings` is kept for writes that
    /// end after it. `logs` are what a store consists of that has no order of all its streams, always in the same order; empty: it has
    /// one. Throws StorageError, CorruptEvent.
    Engine(StreamStore& store, const Clock& clock, const Keys& keys, EngineOptions options,
           std::shared_ptr<Surroundings> surroundings, std::vector<StreamStore*> logs = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Takes up what was under way. Once, before anything else.
    void start();

    /// Does what a client asks and answers.
    void submit(Addressed addressed, Respond respond);

    void attempt_ended(const std::string& subscription, const std::string& wake_id, Outcome outcome);

    /// The first offset of a stream that some subscription has not acknowledged; absent: they need nothing of it. Looks at
    /// everything that is in the store by now.
    [[nodiscard]] std::optional<Offset> needed_from(const StreamInfo& info);

    /// How many subscriptions there are, and of how many the last delivery failed.
    struct Counts {
        std::size_t all = 0;
        std::size_t failing = 0;
    };
    [[nodiscard]] Counts counts() const;

    /// When `run_due` has something to do; absent: never. In the engine's time.
    [[nodiscard]] std::optional<Timestamp> next_due() const;
    void run_due();

    /// The wall-clock time as it would be without being set: leases and retries are measured in it.
    [[nodiscard]] Timestamp now() const;

    /// Writes down how far it has looked, when that can be: a start from there looks at less again.
    void save_cursor();

private:
    struct Actor;
    struct Waiting;
    using After = std::function<void(const Refused*)>;

    // One subscription's turn (engine.cpp).
    void wake_up(Actor& actor);
    void run_awake();
    void advance(Actor& actor);
    bool record_sightings(Actor& actor);
    bool end_attempt(Actor& actor);
    bool end_lease(Actor& actor);
    bool issue_wake(Actor& actor);
    bool send_webhook(Actor& actor);
    bool restate_journal(Actor& actor);
    void note_due(Actor& actor);
    void write_wake(Actor& actor, std::vector<SubscriptionEvent> events);
    void write_wake_apart(Actor& actor, const WakeIssued& wake);
    void wake_was_not_written(Actor& actor, const Refused& why);
    void commit(Actor& actor, std::vector<SubscriptionEvent> events, After after,
                std::optional<AppendRequest> also = std::nullopt);
    /// Commits and, when the store says no, tries again later.
    void commit_or_wait(Actor& actor, std::vector<SubscriptionEvent> events);
    void refused(Actor& actor, const Refused& why);
    void forget(Actor& actor);

    // What clients ask (engine_commands.cpp).
    bool run_command(Actor& actor);
    void run(Actor& actor, const Put& put, const Respond& respond);
    void run(Actor& actor, const Get& get, const Respond& respond);
    void run(Actor& actor, const Delete& remove, const Respond& respond);
    void run(Actor& actor, const AddStreams& add, const Respond& respond);
    void run(Actor& actor, const RemoveStream& remove, const Respond& respond);
    void run(Actor& actor, const Claim& claim, const Respond& respond);
    void run(Actor& actor, const Report& report, const Respond& respond);
    void run(Actor& actor, const Release& release, const Respond& respond);
    void create(Actor& actor, const Put& put, const Respond& respond);
    [[nodiscard]] Checked<std::vector<StreamLink>> links_for(const Configuration& configuration);
    [[nodiscard]] NamedStream look_up(const std::string& stream);
    void record(Actor& actor, Decided decided, const Respond& respond, std::function<Response()> answer);
    [[nodiscard]] Addresses addresses_of(const std::string& base) const;
    [[nodiscard]] std::string token_for(const Actor& actor) const;

    // What the store has (engine_feed.cpp).
    void load();
    void refresh(Actor& actor, const std::string& stream);
    void follow_feed();
    bool look();
    bool look(std::size_t log);
    void catch_up();
    [[nodiscard]] Cursor tail() const;
    void watch(const Cursor& beyond, const std::function<void()>& changed);
    /// What one page has of a stream.
    struct Seen {
        std::vector<StreamPoint> firsts;  ///< of each incarnation
        std::string_view last;            ///< message
    };
    void sight(const std::string& stream, const Seen& seen);
    void index(const Actor& actor);
    void unindex(const Actor& actor);

    StreamStore& store_;
    const std::vector<StreamStore*> logs_;  ///< of the store; itself when it is one
    const Clock& clock_;
    const Keys& keys_;
    const EngineOptions options_;
    const std::shared_ptr<Surroundings> surroundings_;
    const Timestamp began_at_;
    const std::chrono::milliseconds began_;

    std::map<std::string, std::unique_ptr<Actor>, std::less<>> actors_;
    std::set<std::string> awake_;
    std::set<std::pair<Timestamp, std::string>> due_;
    PatternIndex index_;
    Cursor cursor_;                ///< where the next look at the store's messages begins
    Cursor saved_cursor_;          ///< what is on disk, or on its way there
    bool cursor_is_news_ = false;  ///< messages that may concern somebody were passed since
    Timestamp cursor_saved_at_{};
    std::uint64_t cursor_saves_ = 0;
    std::vector<Watch> watches_;                ///< one for each log; none: nobody looks
    std::optional<Timestamp> look_again_at_{};  ///< after a look that failed
};

}  // namespace foldback::server::subscriptions
