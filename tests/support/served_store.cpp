#include "support/served_store.hpp"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

#include "foldback/server/api.hpp"
#include "foldback/server/http_server.hpp"
#include "foldback/server/request_handler.hpp"

namespace foldback::test {
namespace {

/// A prefix below a server's URL under which nobody else has streams.
std::string own_place(const std::string& url) {
    static std::atomic<unsigned> count{0};
    return url + "/contract-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

}  // namespace

ServedStore::ServedStore(StreamStore& log, const Clock& clock) : ServedStore(log, clock, {}, {}) {}

ServedStore::ServedStore(StreamStore& log, const Clock& clock, const Between& between, HttpStoreOptions options)
    : api_(std::make_unique<server::Api>(log, server::ApiOptions{}, clock)), protocol_(server::handler_of(*api_)) {
    server::HttpServerOptions http;
    http.port = 0;
    http.threads = 1;
    if (between) between_ = between(*protocol_);
    http_ = std::make_unique<server::HttpServer>(between_ ? *between_ : *protocol_, std::move(http));
    http_->start();
    url_ = "http://127.0.0.1:" + std::to_string(http_->port());
    store_ = HttpStore::open(url_, std::move(options));
}

ServedStore::ServedStore() : url_(own_place(std::getenv("CONTRACT_SERVER_URL"))) {
    store_ = HttpStore::open(url_, {.server = StoreServer::durable_streams});
}

ServedStore::~ServedStore() {
    store_.reset();
    if (http_) http_->stop(std::chrono::milliseconds(0));
}

}  // namespace foldback::test
