#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/server/api.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback::server {

struct SubscriptionOptions {
    /// As ApiOptions::stream_prefix and public_url.
    std::string stream_prefix = "/v1/stream/";
    std::string public_url{};
    /// Webhooks may go to this machine, also over http: for development. Otherwise they go to public addresses by https.
    bool allow_local_webhooks = false;
    /// Where the keys that sign webhooks and make tokens are kept. Empty: they live as long as this object.
    std::filesystem::path key_file{};
    /// Sign with a new key from now on. The old one stays published for a week.
    bool rotate_signing_key = false;
    /// Certificates that receivers may have besides those of the system's authorities: a file in PEM. Empty: none.
    std::string webhook_ca_file{};
    /// That a receiver has for its answer; less when its lease ends before.
    std::chrono::milliseconds webhook_timeout{30'000};
    std::size_t max_webhooks = 256;                      ///< under way at once; more wait
    std::size_t max_webhooks_per_receiver = 32;          ///< of one host and port
    std::size_t max_webhook_reply_bytes = 64 << 10;      ///< a longer answer is a failure
    std::size_t max_subscriptions = 10'000;              ///< 429 beyond
    std::size_t max_streams_per_subscription = 100'000;  ///< that it is created with, or given by name; 429 beyond
    /// Told what an operator should know.
    std::function<void(const std::string&)> on_trouble{};
};

/// What was sent, and what there is to send, since the start.
struct SubscriptionStats {
    std::uint64_t done = 0;      ///< webhooks whose receiver had finished with its answer
    std::uint64_t accepted = 0;  ///< that it took, to call back
    std::uint64_t failed = 0;    ///< that it did not take
    std::uint64_t subscriptions = 0;
    std::uint64_t failing = 0;  ///< of these, with a receiver or wake stream that did not take the last wake
};

/// Subscriptions (PROTOCOL §6, §7) over the streams of a store: the requests below `__ds/`, and the wakes that they lead
/// to. Everything about them is in the store, in streams below `__ds/` of its own, but for the keys.
///
/// Has a thread of its own, and a few for looking up the addresses of receivers. Any thread may call `handle`.
class Subscriptions final : public ReservedApi {
public:
    /// Folds the store's subscriptions back. `store`, `logs` and `clock` must outlive it. `logs` are what a store consists of that has
    /// no order of all its streams (PartitionedStore::logs), always the same; empty: it has one. A wake of a pull subscription and its
    /// message in a wake stream that is in another log than `__ds/` are two commits, the message first. Throws StorageError, CorruptEvent,
    /// and std::runtime_error when there is something wrong with the key file.
    Subscriptions(StreamStore& store, SubscriptionOptions options, const Clock& clock,
                  std::vector<StreamStore*> logs = {});
    /// Stops.
    ~Subscriptions() override;

    /// Takes up what was under way. Once.
    void start();
    /// Deliveries under way are cut off, and tried again after the next start. Requests are not answered any more.
    void stop();

    /// The first offset of a stream that some subscription has not acknowledged; absent: they need nothing of it. Waits for
    /// the thread; when that has no time for it, everything is needed. Any thread but that one.
    [[nodiscard]] std::optional<Offset> needed_from(const StreamInfo& info);

    /// The same threads; what there is may be missing when the thread has no time.
    [[nodiscard]] SubscriptionStats stats() const;

    [[nodiscard]] std::string_view methods(std::string_view path) const override;
    [[nodiscard]] bool is_open(std::string_view path) const override;
    [[nodiscard]] std::string_view subject(std::string_view path) const override;
    [[nodiscard]] Reply handle(Request request, std::string_view path) override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace foldback::server
