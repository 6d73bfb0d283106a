#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "foldback/client/options.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback {

/// Who is at the other end.
enum class StoreServer : std::uint8_t {
    foldback,  ///< `foldback serve`: everything that its store can do; one in partitions has no order of all streams
    durable_streams,  ///< any server of the Durable Streams protocol: single streams; see HttpStore
};

struct HttpStoreOptions {
    StoreServer server = StoreServer::foldback;
    /// What the program needs: `open` throws MissingCapability when the server does not have it.
    Capabilities needed{};
    /// How long an operation is tried while the server cannot be reached, is busy or is being restarted.
    std::chrono::milliseconds patience{30'000};
    std::size_t max_queued_bytes = 64 << 20;  ///< writes on their way; beyond it `busy`
    std::size_t max_connections = 64;         ///< for operations; watches have one each besides
    client::ClientOptions client{};           ///< tokens, TLS, time-outs; its `retry` counts for nothing here
};

/// A store in another process, behind HTTP.
///
/// What an embedded store promises holds here too, over broken connections and restarts of the server: a write that was
/// reported is durable, one that was refused was not made, none is made twice. When an answer is lost:
/// - a write with `expected`, `expected_point` or a producer is sent again, since it cannot be made twice. If it is refused
///   then, the store reads back what lies at the expected offset and recognises its own messages: by their bytes, and by the
///   `id` of an event's envelope, which nobody else's event has;
/// - creating, deleting, truncating and closing are sent again;
/// - anything else, and what cannot be recognised, is reported as `outcome_unknown`.
///
/// Writes that do not wait for one another may be made in any order. Completions and watches call back on a thread of the
/// store's, where its blocking members must not be used (std::logic_error) and the store not be destroyed. Every read
/// asks the server; with ReadMode::memory_only it throws NotInMemory. Reads throw StoreUnavailable when the server does
/// not answer in time, or refuses this client. A page may hold less than was asked for. `keep_alive` does nothing: the
/// server keeps alive what its own live readers read.
///
/// Producer ids and Stream-Seq are 1 to 256 printable characters, and a message's JSON is nested at most 124 deep; anything
/// else is a `bad_request`.
///
/// Any other server than ours (StoreServer::durable_streams) lacks all capabilities. An expected offset is then kept by
/// `Stream-Seq`: each append says at which offset it begins, in 20 digits, and the server refuses one that is not greater than
/// the last. So all who append to a stream must do so; an append without `expected` looks for the tail first. A stream is read
/// once from its beginning to count its messages. Its incarnation is always 1, positions are always 0.
class HttpStore : public StreamStore {
public:
    /// `url` is the server's, such as `http://127.0.0.1:4437`; of any other server that of its streams, such as
    /// `http://127.0.0.1:4438/v1/stream`. Waits for the server, no longer than the patience. Throws std::invalid_argument for
    /// what is no URL, MissingCapability, StoreUnavailable when no server answers or it does not let this client in, and
    /// StorageError when it is no `foldback serve` of this version.
    [[nodiscard]] static std::unique_ptr<HttpStore> open(std::string_view url, HttpStoreOptions options = {});
};

}  // namespace foldback
