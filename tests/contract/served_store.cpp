#include "served_store.hpp"

#include <cstdlib>
#include <stdexcept>

namespace foldback::contract {

ServedStore::ServedStore(LogStore& log, const Clock& clock)
    : api_(std::make_unique<server::Api>(log, server::ApiOptions{}, clock)) {
    server::HttpServerOptions options;
    options.port = 0;
    options.threads = 1;
    http_ = std::make_unique<server::HttpServer>(*api_, std::move(options));
    http_->start();
    url_ = "http://127.0.0.1:" + std::to_string(http_->port());
    store_ = HttpStore::open(url_);
}

ServedStore::ServedStore() { throw std::logic_error("not there yet"); }

ServedStore::~ServedStore() {
    store_.reset();
    if (http_) http_->stop(std::chrono::milliseconds(0));
}

}  // namespace foldback::contract
