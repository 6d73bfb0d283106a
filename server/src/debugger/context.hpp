#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "debugger/redaction.hpp"
#include "foldback/history/registry.hpp"
#include "foldback/server/debugger.hpp"
#include "protocol/problem.hpp"
#include "protocol/target.hpp"

namespace foldback::server::debugger {

/// Ends a request with a problem document.
class RequestError : public std::runtime_error {
public:
    explicit RequestError(protocol::Problem why) : std::runtime_error(why.detail), problem(std::move(why)) {}
    RequestError(unsigned status, std::string_view code, std::string detail)
        : RequestError(protocol::Problem(status, code, std::move(detail))) {}

    protocol::Problem problem;
};

/// The parameters of a query, read with their bounds. Every member throws RequestError for what it does not accept.
class Parameters {
public:
    explicit Parameters(const protocol::Query& query) : query_(query) {}

    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    [[nodiscard]] std::string text(std::string_view name, std::string standard) const;
    [[nodiscard]] std::string required(std::string_view name) const;
    /// A number from `least` to `most`; beyond it is refused.
    [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t standard, std::uint64_t least,
                                       std::uint64_t most) const;

private:
    const protocol::Query& query_;
};

/// A timeline that is kept between requests, and what was found out about it.
struct KeptTimeline {
    std::mutex mutex;
    std::optional<AnyTimeline> timeline;
    std::optional<Redaction> redaction;
    /// Good while the tail is this one.
    struct Answer {
        Offset tail;
        Json document;
    };
    std::optional<Answer> outline;
    std::optional<Answer> invariants;
};

/// One request's turn with a timeline, which has just been refreshed.
class Borrowed {
public:
    Borrowed(std::shared_ptr<KeptTimeline> kept, std::unique_lock<std::mutex> turn)
        : kept_(std::move(kept)), turn_(std::move(turn)) {}

    [[nodiscard]] AnyTimeline& operator*() const { return *kept_->timeline; }
    [[nodiscard]] AnyTimeline* operator->() const { return &*kept_->timeline; }
    [[nodiscard]] KeptTimeline& kept() const { return *kept_; }
    [[nodiscard]] const Redaction& redaction() const { return *kept_->redaction; }

private:
    std::shared_ptr<KeptTimeline> kept_;
    std::unique_lock<std::mutex> turn_;
};

/// What the answers are made from.
class Context {
public:
    Context(StreamStore& with_store, Registry with_registry, DebuggerOptions with_options)
        : store(with_store), registry(std::move(with_registry)), options(std::move(with_options)) {}

    StreamStore& store;
    const Registry registry;
    const DebuggerOptions options;

    /// The lens that a stream is seen through when none is named: that of its category, else `merge`.
    [[nodiscard]] Lens lens_for(const StreamPath& stream, const std::optional<std::string>& named) const;
    /// Throws RequestError when there is none of this name.
    [[nodiscard]] Lens lens_named(const std::string& name) const;
    /// Throws RequestError, RefusedError and StorageError.
    [[nodiscard]] Borrowed borrow(const StreamPath& stream, const std::optional<std::string>& lens);
    /// The parameters `stream` and `lens`.
    [[nodiscard]] Borrowed borrow(const Parameters& parameters);

private:
    void open(KeptTimeline& kept, const StreamPath& stream, Lens lens);

    struct Named {
        std::string stream;
        std::string lens;
        std::shared_ptr<KeptTimeline> kept;
    };
    std::mutex mutex_;
    std::vector<Named> kept_;  ///< the one used last at the end
};

/// A decimal number that fills the text.
[[nodiscard]] std::optional<std::uint64_t> whole_number(std::string_view text);

/// A valid path of a stream, or RequestError.
[[nodiscard]] StreamPath stream_path(const std::string& text);

/// `17`, `-3` (before the tail), `now` or `tail`, `first`, a time of RFC 3339, or an offset token. Throws RequestError.
[[nodiscard]] Offset moment_of(AnyTimeline& timeline, const std::string& text);
/// The number of an event, from 1; the event with the number n leads to moment n.
[[nodiscard]] Offset event_of(const AnyTimeline& timeline, std::uint64_t number);

/// What every answer about a stream begins with.
[[nodiscard]] Json stamp(const Context& context, const AnyTimeline& timeline);

/// A stored event: `brief` leaves out the message and what it was upcast to.
[[nodiscard]] Json brief_event(const StoredEvent& event, const Redaction& redaction);
[[nodiscard]] Json whole_event(const StoredEvent& event, const Redaction& redaction);

}  // namespace foldback::server::debugger
