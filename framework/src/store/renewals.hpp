#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
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
    class Outcome;
    class Batch;
    enum class Which : std::uint8_t { due, all };
    struct Waiting {
        std::int64_t due_ms = 0;  ///< on the monotonic clock
        index::StreamRef stream;
        [[nodiscard]] bool operator>(const Waiting& other) const noexcept { return due_ms > other.due_ms; }
    };

    /// Submits a write and waits for its outcome; empty when it does not come in time.
    template <class Request>
    [[nodiscard]] std::optional<Result<std::monostate>> commit(Request request);

    std::size_t publish(Which which);
    /// The streams used here since the last call wait as well, with those there are at most so many.
    void take_used(std::size_t at_most);
    /// Null: nothing is to be said.
    [[nodiscard]] std::shared_ptr<Batch> next_batch(Which which);
    /// They wait no longer, unless that was refused or they were used meanwhile.
    void end_waiting(const std::vector<Renewal>& renewals, bool renewed) noexcept;

    [[nodiscard]] static std::int64_t due_ms(const index::StreamState& stream);
    [[nodiscard]] bool is_live(const index::StreamState& stream) const;
    /// The stream waits no longer; true when it was used after that time and has to wait again.
    [[nodiscard]] bool let_go(index::StreamState& stream, std::int64_t used_at_ms) const;

    // The caller holds the mutex.
    /// There is room: `take_used` has made it, for those under way as well.
    void wait_on(const index::StreamRef& stream, std::int64_t not_before_ms = INT64_MIN);
    void pop_first() noexcept;
    void forget_deleted();

    index::Catalog& catalog_;
    Writer& writer_;
    SharedLog& shared_;
    const LogStoreOptions& options_;
    std::mutex mutex_;
    std::vector<index::StreamRef> used_;  ///< not yet in `waiting_`
    std::vector<Waiting> waiting_;        ///< a heap: the one that is due first is in front
    std::size_t under_way_ = 0;           ///< taken from there for a write that has not ended
    std::size_t forget_at_ = 0;           ///< so many wait when deleted ones are looked for
};

}  // namespace foldback
