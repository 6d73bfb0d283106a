#pragma once

#include <memory>
#include <string>

#include "foldback/remote/http_store.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/http_server.hpp"
#include "foldback/store/log_store.hpp"

namespace foldback::contract {

/// A server, and the HttpStore that uses it.
class ServedStore {
public:
    /// Our server, in this process.
    ServedStore(LogStore& log, const Clock& clock);
    /// The server at CONTRACT_SERVER_URL. Every object has streams of its own there.
    ServedStore();
    ~ServedStore();

    [[nodiscard]] StreamStore& store() noexcept { return *store_; }
    [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
    std::unique_ptr<server::Api> api_;
    std::unique_ptr<server::HttpServer> http_;
    std::string url_;
    std::unique_ptr<HttpStore> store_;
};

}  // namespace foldback::contract
