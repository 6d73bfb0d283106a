#include "delivery/webhook_sender.hpp"

#include <netdb.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>

#include "delivery/exchange.hpp"

namespace foldback::server::delivery {

namespace {

using namespace http;
using subscriptions::IpAddress;
using subscriptions::Outcome;
using subscriptions::WebhookUrl;

constexpr std::size_t resolver_threads = 4;
constexpr std::size_t max_endpoints = 4;

Outcome failed(std::string reason) { return {.kind = Outcome::Kind::failed, .reason = std::move(reason)}; }

IpAddress bytes_of(const asio::ip::address& address) {
    const auto six =
        address.is_v4() ? asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()) : address.to_v6();
    IpAddress bytes{};
    const auto given = six.to_bytes();
    std::copy(given.begin(), given.end(), bytes.begin());
    return bytes;
}

/// The addresses of a host, as the system says. Waits for it.
std::vector<asio::ip::tcp::endpoint> look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    std::vector<asio::ip::tcp::endpoint> endpoints;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return endpoints;
    for (const auto* one = found; one != nullptr; one = one->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        if (one->ai_addrlen > endpoint.capacity()) continue;
        std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
        endpoint.resize(one->ai_addrlen);
        endpoints.push_back(std::move(endpoint));
    }
    ::freeaddrinfo(found);
    return endpoints;
}

}  // namespace

struct WebhookSender::Tls {
    asio::ssl::context context{asio::ssl::context::tls_client};
};

class WebhookSender::Delivery {
public:
    Delivery(asio::io_context& context, Webhook given, WebhookUrl parsed, Done callback)
        : webhook(std::move(given)),
          url(std::move(parsed)),
          done(std::move(callback)),
          timer(context.get_executor()),
          socket(context.get_executor()) {}

    [[nodiscard]] std::string receiver() const { return url.host + ":" + std::to_string(url.port); }

    const Webhook webhook;
    const WebhookUrl url;
    Done done;
    Timer timer;
    Socket socket;
    bool has_place = false;
    bool is_over = false;  ///< nobody waits for it any more
};

WebhookSender::WebhookSender(asio::io_context& context, SenderOptions options, Sign sign)
    : context_(context),
      options_(std::move(options)),
      sign_(std::move(sign)),
      tls_(std::make_unique<Tls>()),
      resolvers_(resolver_threads),
      queue_(options_.max_under_way, options_.max_per_receiver) {
    SSL_CTX_set_min_proto_version(tls_->context.native_handle(), TLS1_2_VERSION);
    tls_->context.set_default_verify_paths();
    if (options_.ca_file.empty()) return;
    boost::system::error_code error;
    tls_->context.load_verify_file(options_.ca_file, error);
    if (error) throw std::runtime_error("no certificates in " + options_.ca_file + ": " + error.message());
}

WebhookSender::~WebhookSender() {
    cancel_all();
    resolvers_.join();
}

void WebhookSender::send(Webhook webhook, Done done) {
    auto url = subscriptions::parse_webhook_url(webhook.url, options_.local);
    if (!url) {  // the server was started with other options since
        asio::post(context_, [done = std::move(done), reason = url.error().text] { done(failed(reason)); });
        return;
    }
    const auto name = webhook.name;
    auto delivery = std::make_shared<Delivery>(context_, std::move(webhook), *std::move(url), std::move(done));
    deliveries_[name] = delivery;
    delivery->timer.expires_after(std::min(delivery->webhook.time, options_.timeout));
    delivery->timer.async_wait([this, delivery](boost::system::error_code error) {
        if (!error) end(delivery, failed("the receiver did not answer in time"));
    });
    queue_.push(delivery->receiver(), delivery);
    begin_waiting();
}

void WebhookSender::begin_waiting() {
    while (auto next = queue_.take()) {
        auto delivery = std::move(*next);
        delivery->has_place = true;
        // Names are looked up elsewhere, as that takes the time it takes.
        asio::post(resolvers_, [this, delivery] {
            auto endpoints = look_up(delivery->url.host, delivery->url.port);
            asio::post(context_, [this, delivery, found = std::move(endpoints)] { connect(delivery, found); });
        });
    }
}

/// Goes on with the addresses that a name has at this moment: what is connected to is what was looked at.
void WebhookSender::connect(const std::shared_ptr<Delivery>& delivery, const Endpoints& found) {
    const auto leave = [&](std::string reason) {
        end(delivery, failed(std::move(reason)));
        free_place(*delivery);
    };
    if (delivery->is_over) return free_place(*delivery);
    if (found.empty()) return leave("the receiver's name has no address");
    const auto is_allowed = [&](const auto& endpoint) {
        return delivery->url.may_connect_to(bytes_of(endpoint.address()));
    };
    // One address that is not for us spoils them all: an honest name has none.
    if (!std::all_of(found.begin(), found.end(), is_allowed)) {
        return leave("the receiver's name has an address that webhooks may not go to");
    }
    auto endpoints = found;
    if (endpoints.size() > max_endpoints) endpoints.resize(max_endpoints);
    auto life = talk(delivery, std::move(endpoints));
    asio::co_spawn(context_.get_executor(), std::move(life), [this, delivery](const std::exception_ptr& failure) {
        if (failure) end(delivery, failed("the delivery broke off"));
        free_place(*delivery);
    });
}

Task<void> WebhookSender::talk(std::shared_ptr<Delivery> delivery, Endpoints endpoints) {
    const auto& body = delivery->webhook.body;
    const Exchange exchange{.url = delivery->url,
                            .head = request_head(delivery->url, sign_(body), body.size()),
                            .body = body,
                            .max_reply_bytes = options_.max_reply_bytes};
    auto outcome = co_await run_exchange(delivery->socket, tls_->context, exchange, endpoints);
    end(delivery, std::move(outcome));
}

void WebhookSender::free_place(Delivery& delivery) {
    if (!std::exchange(delivery.has_place, false)) return;
    queue_.finish(delivery.receiver());
    begin_waiting();
}

void WebhookSender::end(const std::shared_ptr<Delivery>& delivery, Outcome outcome) {
    if (std::exchange(delivery->is_over, true)) return;
    let_go(*delivery);
    const auto done = std::move(delivery->done);
    done(std::move(outcome));
}

/// Nobody waits for it any more. Its place is free when its coroutine has noticed.
void WebhookSender::let_go(Delivery& delivery) {
    delivery.is_over = true;
    delivery.timer.cancel();
    boost::system::error_code ignored;
    delivery.socket.close(ignored);
    if (!delivery.has_place) {
        queue_.remove_waiting(delivery.receiver(), [&](const auto& waiting) { return waiting.get() == &delivery; });
    }
    const auto found = deliveries_.find(delivery.webhook.name);
    if (found != deliveries_.end() && found->second.get() == &delivery) deliveries_.erase(found);
}

void WebhookSender::cancel(const std::string& name) {
    const auto found = deliveries_.find(name);
    if (found == deliveries_.end()) return;
    const auto delivery = found->second;
    let_go(*delivery);
}

void WebhookSender::cancel_all() {
    while (!deliveries_.empty()) cancel(std::string(deliveries_.begin()->first));
}

}  // namespace foldback::server::delivery
