#pragma once

#include <memory>
#include <string_view>

#include "foldback/client/durable_stream.hpp"
#include "foldback/client/options.hpp"

namespace foldback::client {

/// A client of Durable Streams servers: its connections, which all streams share, and the thread that tends them. One is
/// enough for a process.
///
/// A copy is the same client. Streams, sessions and producers keep it alive; the threads end with the last of them. All
/// members may be called from any thread at the same time.
class Client {
public:
    /// Throws std::invalid_argument when the options contradict themselves or the CA file cannot be read.
    explicit Client(ClientOptions options = {});

    /// A handle of the stream at this URL; sends nothing. Throws std::invalid_argument when it is no http or https URL.
    [[nodiscard]] DurableStream stream(std::string_view url, StreamOptions options = {}) const;

private:
    std::shared_ptr<detail::Runtime> runtime_;
};

}  // namespace foldback::client
