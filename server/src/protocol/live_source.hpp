#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <boost/system/result.hpp>

#include "foldback/server/http_message.hpp"
#include "foldback/server/principal.hpp"
#include "foldback/store/stream_store.hpp"
#include "protocol/read_query.hpp"
#include "protocol/read_response.hpp"
#include "protocol/service.hpp"

namespace foldback::server::protocol {

/// Where a live reader's data comes from: a stream or a feed. Keeps the place up to which it was read.
class LiveSource {
public:
    /// What a read found. Its data stays with the source until the next read.
    struct Batch {
        bool has_data = false;
        bool up_to_date = false;  ///< nothing more is there now
        bool closed = false;      ///< nothing more will ever be there
        std::string next_offset;  ///< where a reader that has this batch goes on
    };
    /// The error is the response that ends the reading.
    using Read = boost::system::result<Batch, Response>;

    virtual ~LiveSource() = default;

    /// Reads on, about `max_bytes`. Throws StorageError.
    [[nodiscard]] virtual Read read(std::size_t max_bytes) = 0;
    /// The batch last read, which has data, as a 200. Once.
    [[nodiscard]] virtual Response response() = 0;
    /// The batch last read, which has data, as an SSE data event.
    virtual void write_event(std::string& out) = 0;
    /// Calls back once when another read is worthwhile.
    [[nodiscard]] virtual Watch watch(std::function<void()> changed) = 0;
    /// Whether data events are base64.
    [[nodiscard]] virtual bool is_base64() const = 0;
    /// What readers of the same thing share: the unit of the limit on readers.
    [[nodiscard]] virtual std::string name() const = 0;
};

[[nodiscard]] std::unique_ptr<LiveSource> stream_source(const Service& service, Reader reader,
                                                        const StreamQuery& query);
/// `reader` sees what it may read; null sees everything.
[[nodiscard]] std::unique_ptr<LiveSource> feed_source(const Service& service, const FeedQuery& query, Coding coding,
                                                      std::shared_ptr<const Principal> reader);

/// Answers a live request (PROTOCOL §5.7, §5.8): at once, or with what waits.
[[nodiscard]] Reply start_long_poll(const Service& service, std::unique_ptr<LiveSource> source, const LiveQuery& query);
[[nodiscard]] Reply start_event_stream(const Service& service, std::unique_ptr<LiveSource> source,
                                       const LiveQuery& query);

/// Reads until there is data or the end; gives up after a few pages of a feed on which nothing matched.
[[nodiscard]] LiveSource::Read read_something(LiveSource& source, std::size_t max_bytes);

}  // namespace foldback::server::protocol
