#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <queue>
#include <vector>

#include "foldback/store/log_store.hpp"
#include "index/catalog.hpp"
#include "log/shared_log.hpp"
#include "store/writer.hpp"

namespace foldback {

/// Makes what is read on this node known to the others before they find it idle (decision 73): as a record in the log that they share,
/// of many streams at once, and of each about once in its time to live.
class Renewals {
public:
    Renewals(index::Catalog& catalog, Writer& writer, SharedLog& shared, const LogStoreOptions& options)
        : catalog_(catalog), writer_(writer), shared_(shared), options_(options) {}

    enum class Use : std::uint8_t { look, read };
    /// After a stream was looked at or read and before that is answered: what others could see otherwise is decided in the log. One
    /// that is over is deleted; one that will be soon is renewed by a read. Returns whether it must be looked at again. Where the log is
    /// out of reach nothing is decided. Any thread; refuses as `busy`; throws NotInMemory where it must not wait.
    [[nodiscard]] Result<bool> settle(const StreamPath& path, Use use);

    /// Queues the renewals that are due; returns how many. Any thread.
    std::size_t publish_due();
    /// Renews all that was read here and waits until that, and what was queued before, is in the log, a few seconds at most.
    void publish_all();

private:
    class Outcomes;
    enum class Which : std::uint8_t { due, all };
    struct Waiting {
        std::int64_t due_ms = 0;  ///< on the monotonic clock
        index::StreamRef stream;
        [[nodiscard]] bool operator>(const Waiting& other) const noexcept { return due_ms > other.due_ms; }
    };

    [[nodiscard]] std::vector<Renewal> take(Which which);
    /// Empty: nothing is to be said of the stream, and it waits no longer.
    [[nodiscard]] std::optional<Renewal> renewal_of(const index::StreamRef& stream);
    [[nodiscard]] static std::int64_t due_ms(const index::StreamState& stream);
    /// The caller holds the mutex.
    void wait_on(const index::StreamRef& stream);
    /// The stream waits no longer, unless it was used after that.
    void let_go(const index::StreamRef& stream, std::int64_t used_at_ms);
    [[nodiscard]] bool is_live(const index::StreamState& stream) const;
    void publish(std::vector<Renewal> renewals);
    void end_waiting(const std::vector<Renewal>& renewals, bool renewed);

    /// Submits a write and waits for its outcome; empty when it does not come in time.
    template <class Request>
    [[nodiscard]] std::optional<Result<std::monostate>> commit(Request request);
    void wait_for(Outcomes& outcomes);

    index::Catalog& catalog_;
    Writer& writer_;
    SharedLog& shared_;
    const LogStoreOptions& options_;
    std::mutex mutex_;
    std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> waiting_;
};

}  // namespace foldback
