#pragma once

#include <memory>
#include <string>

#include "foldback/remote/http_store.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback::server {
class Api;
class HttpServer;
class RequestHandler;
}  // namespace foldback::server

namespace foldback::test {

/// A server, and the HttpStore that uses it.
class ServedStore {
public:
    /// Our server, in this process.
    ServedStore(StreamStore& log, const Clock& clock);
    /// The same, with what stands between its connections and the protocol; `between` makes that of the protocol's handler.
    using Between = std::function<std::unique_ptr<server::RequestHandler>(server::RequestHandler&)>;
    ServedStore(StreamStore& log, const Clock& clock, const Between& between, HttpStoreOptions options);
    /// The server at the URL in CONTRACT_SERVER_URL. Every object has streams of its own there.
    ServedStore();
    ~ServedStore();

    [[nodiscard]] HttpStore& store() noexcept { return *store_; }
    [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
    std::unique_ptr<server::Api> api_;
    std::unique_ptr<server::RequestHandler> protocol_;
    std::unique_ptr<server::RequestHandler> between_;
    std::unique_ptr<server::HttpServer> http_;
    std::string url_;
    std::unique_ptr<HttpStore> store_;
};

}  // namespace foldback::test
