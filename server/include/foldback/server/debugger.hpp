#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foldback/history/registry.hpp"
#include "foldback/server/http_message.hpp"
#include "foldback/server/request_handler.hpp"

namespace foldback::server {

/// Something that a timeline shows where it stands: a snapshot of the stream, or how far a projection has come.
struct TimelineMark {
    enum class Kind : std::uint8_t { snapshot, projection };
    Kind kind = Kind::projection;
    std::string name{};
    /// Everything before it is in it: an offset of the stream, or a position of the store.
    std::variant<Offset, Position> until{};
};

struct DebuggerOptions {
    /// What the program calls its build: it stands in every answer.
    std::string build{};
    /// Where the program serves its streams, for following them live; as ApiOptions::stream_prefix.
    std::string stream_prefix = "/v1/stream/";
    /// What-ifs are saved below this path and nowhere else, so that no projection of the real streams folds them. A fork
    /// `debug/orders/42` is seen through the lens of `orders/42`.
    std::string fork_prefix = "debug/";
    /// Forks saved by what-ifs expire when nobody has read them for this long.
    std::chrono::seconds fork_ttl{3600};
    /// Nothing is written: what-ifs cannot be saved.
    bool read_only = false;
    /// Whether a request may see and do everything here; what may not is 403. Empty: those whose Host is this machine's
    /// loopback, which keeps other sites' pages from reaching it through a visitor's browser.
    std::function<bool(const Request&)> authorise{};
    /// What there is to mark on a stream's timeline, such as its snapshots and the checkpoints of the projections. Called
    /// on the debugger's threads.
    std::function<std::vector<TimelineMark>(const StreamPath&)> marks{};
    /// Timelines kept for the next question, with their checkpoints.
    std::size_t max_timelines = 8;
    std::size_t max_timeline_bytes = 64 << 20;  ///< of checkpoints, for each timeline
    /// A search over many streams is answered in parts of about so many events.
    std::uint64_t max_events_per_answer = 250'000;
    /// Events folded for one request about one stream; 413 beyond.
    std::uint64_t max_stream_events = 5'000'000;
    /// Events up to a failure that are shrunk for one request; 413 beyond.
    std::uint64_t max_shrunk_events = 100'000;
    /// Told what the world broke.
    std::function<void(const std::string&)> on_error{};
};

/// The time-travel debugger: a JSON API under `/debug/api/` and a page at `/debug/` over the streams of a store, seen
/// through the lenses of a registry. docs/debugger.md describes both.
///
/// Only reducers and upcasters run. It writes nothing but forks of what-ifs. What a lens redacts leaves in no answer.
/// Any thread; requests about one stream and lens run one after another.
class Debugger {
public:
    /// `store` must outlive it.
    Debugger(StreamStore& store, Registry registry, DebuggerOptions options = {});
    ~Debugger();

    /// Whether a request target is the debugger's: `/debug` and what is below.
    [[nodiscard]] static bool owns(std::string_view target) noexcept;

    /// Answers a request that it owns. May take long: it reads and folds streams. Throws nothing; what breaks becomes a
    /// 500 (details to `on_error`).
    [[nodiscard]] Response handle(const Request& request);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Puts a debugger before another handler: what it does not own goes there. Its requests run on two threads of their
/// own; 503 when 64 of them wait. Both must outlive the result.
[[nodiscard]] std::unique_ptr<RequestHandler> with_debugger(Debugger& debugger, RequestHandler& rest);
[[nodiscard]] std::unique_ptr<RequestHandler> with_debugger(Debugger& debugger, Api& rest);

/// Answers for the debugger's page: its files, which hold nothing of any store. To be put before `with_access`, so that
/// somebody who is to say who he is sees where to. `rest` must outlive the result.
[[nodiscard]] std::unique_ptr<RequestHandler> with_debugger_page(RequestHandler& rest);

}  // namespace foldback::server
