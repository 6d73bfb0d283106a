#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "foldback/store/log_store.hpp"
#include "foldback/store/stream_store.hpp"
#include "index/catalog.hpp"
#include "log/log.hpp"

namespace foldback {

/// Payload of one stored record, at most, unless a single message is larger: what a read checks and may have to skip.
inline constexpr std::size_t max_record_payload = 64 * 1024;

/// A stream's content type, at most: a fork repeats its source's, so the bound of a creation includes it.
inline constexpr std::size_t max_content_type_bytes = 1024;

struct RemoveRequest {
    StreamPath stream;
};

struct TruncateRequest {
    StreamPath stream;
    Offset before;
};

/// Deletes a stream if its time is over.
struct ExpireRequest {
    StreamPath stream;
};

/// A stream was used then, on this node's monotonic clock.
struct Renewal {
    index::StreamRef stream;
    std::int64_t used_at_ms = 0;
};
/// Tells all nodes of a shared log so, for those of the streams that are still there.
struct RenewRequest {
    std::shared_ptr<const std::vector<Renewal>> renewals{};  ///< null: none
};

/// Decides requests one after another against the state that the commit being built will leave behind, and records
/// what they do. A refused request records nothing. But where nodes share the log, a stream that a request finds expired is
/// deleted, whatever becomes of the request: what one node has said others may not deny. Used by the writer thread alone.
class CommitDraft {
public:
    CommitDraft(index::Catalog& catalog, const Clock& clock, const LogStoreOptions& options)
        : catalog_(catalog), clock_(clock), options_(options) {}

    /// Begins an empty commit whose first message gets `first_position`, in memory that is lent; none is lent: in its own.
    void begin(Position first_position, std::span<std::byte> room);

    [[nodiscard]] Result<Created> decide(const CreateRequest& request);
    [[nodiscard]] Result<Appended> decide(const AppendRequest& request);
    [[nodiscard]] Result<std::vector<Appended>> decide(const std::vector<AppendRequest>& requests);
    [[nodiscard]] Result<std::monostate> decide(const RemoveRequest& request);
    [[nodiscard]] Result<Offset> decide(const TruncateRequest& request);
    [[nodiscard]] Result<std::monostate> decide(const ExpireRequest& request);
    [[nodiscard]] Result<std::monostate> decide(const RenewRequest& request);

    [[nodiscard]] log::CommitBuilder& commit() noexcept { return commit_; }
    /// The commit's records that only append, to streams that were there before it.
    [[nodiscard]] std::span<const index::PlainAppend> plain_appends() const noexcept { return plain_appends_; }
    [[nodiscard]] Timestamp timestamp() const noexcept { return timestamp_; }

    /// An upper bound of the bytes a request adds to a commit.
    [[nodiscard]] static std::size_t bound(const CreateRequest& request);
    [[nodiscard]] static std::size_t bound(const AppendRequest& request);
    [[nodiscard]] static std::size_t bound(const std::vector<AppendRequest>& requests);
    [[nodiscard]] static std::size_t bound(const RemoveRequest&) { return 256; }
    [[nodiscard]] static std::size_t bound(const TruncateRequest&) { return 256; }
    [[nodiscard]] static std::size_t bound(const ExpireRequest&) { return 256; }
    [[nodiscard]] static std::size_t bound(const RenewRequest& request);

private:
    /// A stream as the commit will leave it.
    struct Stream {
        const index::StreamMeta* meta = nullptr;  ///< of `found` or of `created`; null: there is none of this path
        index::StreamRef found;                   ///< what the catalog has; null: nothing of this path
        std::shared_ptr<const index::StreamMeta> created;  ///< in this commit
        index::Life life = index::Life::dead;
        bool expired = false;
        Offset tail;
        Offset first;
        bool closed = false;
        std::uint32_t forks = 0;
        std::optional<Producer> closed_by;
        std::optional<std::string> stream_seq;
        std::uint32_t producer_count = 0;
        bool renewed = false;                                   ///< in this commit
        std::map<std::string, index::ProducerState> producers;  ///< changed in this commit

        /// Whether the catalog knows the stream, and not only an earlier one of this path.
        [[nodiscard]] bool is_known() const noexcept { return found && !created; }
        [[nodiscard]] bool exists() const noexcept { return meta && life != index::Life::dead; }
        [[nodiscard]] bool usable() const noexcept { return meta && life == index::Life::live && !expired; }
    };

    /// What an accepted append will record.
    struct AppendPlan {
        Stream* stream = nullptr;
        bool creates = false;
        bool nothing_to_do = false;  ///< a duplicate, an assertion, or closing what is closed
        bool duplicate = false;
        bool asserts_absence = false;
    };

    [[nodiscard]] Stream& stream(const StreamPath& path);
    /// The same for a stream that a request names: see above.
    [[nodiscard]] Stream& named(const StreamPath& path);
    /// Null: the commit has had nothing to do with it so far. The catalog keeps what is held here, so the same stream stays the same
    /// object until the commit ends.
    [[nodiscard]] Stream* already_here(const index::StreamState& state);
    void load(Stream& stream, const index::StreamState& state) const;
    [[nodiscard]] std::optional<index::ProducerState> producer_of(Stream& stream, const std::string& id);
    [[nodiscard]] static Refused refuse(Refusal reason, std::string detail, const Stream* stream = nullptr);
    [[nodiscard]] Refused refuse_too_large() const;
    [[nodiscard]] static Refused refuse_missing(const Stream& stream, const StreamPath& path);

    [[nodiscard]] Result<AppendPlan> plan(const AppendRequest& request);
    [[nodiscard]] std::optional<Refused> check_shape(const AppendRequest& request) const;
    [[nodiscard]] Result<AppendPlan> plan_assertion(const AppendRequest& request);
    [[nodiscard]] Result<AppendPlan> plan_new(Stream& stream, const AppendRequest& request) const;
    [[nodiscard]] Result<AppendPlan> plan_closed(Stream& stream, const AppendRequest& request);
    /// True: a duplicate.
    [[nodiscard]] Result<bool> check_producer(Stream& stream, const Producer& producer);
    [[nodiscard]] std::optional<Refused> check_conditions(const Stream& stream, const AppendRequest& request) const;
    [[nodiscard]] Appended carry_out(const AppendPlan& plan, const AppendRequest& request);

    [[nodiscard]] static std::string content_type_of(const StreamConfig& config);
    /// Why a stream cannot be created like this.
    [[nodiscard]] static std::optional<Refused> check_config(const StreamConfig& config);
    /// What records a stream that is no fork.
    [[nodiscard]] log::StreamCreated creation(const StreamPath& path, const StreamConfig& config) const;
    [[nodiscard]] Result<Created> existing(const Stream& stream, const CreateRequest& request,
                                           const Stream* source) const;
    [[nodiscard]] Result<log::StreamCreated> plan_fork(const CreateRequest& request, Stream& source) const;
    void record_created(Stream& stream, const log::StreamCreated& record, Stream* source);
    void record_messages(Stream& stream, const Messages& messages, const log::MessagesAppended& last);
    void record_deleted(Stream& stream, log::DeleteReason reason);
    [[nodiscard]] StreamInfo info_of(const Stream& stream) const;

    index::Catalog& catalog_;
    const Clock& clock_;
    const LogStoreOptions& options_;
    log::CommitBuilder commit_;
    std::vector<index::PlainAppend> plain_appends_;
    /// Forgotten as a whole with each commit, so they come from memory that is only ever reset.
    alignas(std::max_align_t) std::array<std::byte, 64 * 1024> first_memory_;
    std::pmr::monotonic_buffer_resource stream_memory_{first_memory_.data(), first_memory_.size()};
    std::optional<std::pmr::deque<Stream>> streams_;
    /// Those of them that the catalog did not find; the others are found by it alone, which knows their place. The keys view into
    /// the requests and metas, which outlive the commit.
    std::optional<std::pmr::unordered_map<std::string_view, Stream*>> not_found_;
    Position first_position_;
    Timestamp timestamp_{};
    Incarnation next_incarnation_;
    log::ByteBuffer sizes_;
};

}  // namespace foldback
