#include "foldback/client/client.hpp"

#include <stdexcept>
#include <utility>

#include "client/runtime.hpp"
#include "client/target.hpp"

namespace foldback::client {
namespace {

ClientOptions checked(ClientOptions options) {
    if (auto problem = options.retry.problem(); !problem.empty()) throw std::invalid_argument(problem);
    if (options.user_agent.empty()) options.user_agent = "foldback-client/" FOLDBACK_VERSION;
    if (options.max_header_bytes < 1024 || options.max_header_bytes > (16U << 20))
        throw std::invalid_argument("max_header_bytes must be between 1 KiB and 16 MiB");
    if (options.max_body_bytes == 0) throw std::invalid_argument("max_body_bytes must be greater than 0");
    for (const auto time : {options.connect_timeout, options.response_timeout, options.idle_timeout}) {
        if (time.count() <= 0) throw std::invalid_argument("timeouts must be greater than 0");
    }
    return options;
}

}  // namespace

Client::Client(ClientOptions options) : runtime_(std::make_shared<detail::Runtime>(checked(std::move(options)))) {}

DurableStream Client::stream(std::string_view url, StreamOptions options) const {
    return DurableStream(std::make_shared<detail::Target>(runtime_, detail::parse_url(url), std::move(options)));
}

}  // namespace foldback::client
