#include "delivery/webhook_sender.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "delivery/addresses.hpp"
#include "delivery/exchange.hpp"

namespace foldback::server::delivery {

namespace {

using namespace http;
using subscriptions::Outcome;
using subscriptions::WebhookUrl;

constexpr std::size_t resolver_threads = 4;
Outcome failed(std::string reason) { return {.kind = Outcome::Kind::failed, .reason = std::move(reason)}; }

std::string request_head(const WebhookUrl& url, const Webhook& webhook, std::string_view signature) {
    std::string head("POST ");
    head.append(url.target).append(" HTTP/1.1\r\nhost: ").append(url.authority);
    head.append("\r\nuser-agent: foldback\r\naccept: application/json\r\nconnection: close");
    head.append("\r\ncontent-type: application/json\r\ncontent-length: ").append(std::to_string(webhook.body.size()));
    if (!webhook.traceparent.empty()) head.append("\r\ntraceparent: ").append(webhook.traceparent);
    head.append("\r\nwebhook-signature: ").append(signature).append("\r\n\r\n");
    return head;
}

/// Whether the receiver says that it is done. Anything else it says in its body is its own business.
bool says_done(const std::string& body) {
    const auto document = nlohmann::json::parse(body, nullptr, false);
    if (!document.is_object()) return false;
    const auto done = document.find("done");
    return done != document.end() && done->is_boolean() && done->get<bool>();
}

Outcome outcome_of(Answered answered) {
    if (!answered.failure.empty()) return failed(std::move(answered.failure));
    if (answered.status / 100 != 2) {
        return failed("the receiver answered with status " + std::to_string(answered.status));
    }
    return {.kind = says_done(answered.body) ? Outcome::Kind::done : Outcome::Kind::accepted};
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
    if (auto problem = trust(tls_->context, options_.ca_file); !problem.empty()) throw std::runtime_error(problem);
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
    if (const auto problem = problem_with(delivery->url, found); !problem.empty()) {
        return leave("the receiver cannot be reached: " + std::string(problem));
    }
    auto life = talk(delivery, some_of(found));
    asio::co_spawn(context_.get_executor(), std::move(life), [this, delivery](const std::exception_ptr& failure) {
        if (failure) end(delivery, failed("the delivery broke off"));
        free_place(*delivery);
    });
}

Task<void> WebhookSender::talk(std::shared_ptr<Delivery> delivery, Endpoints endpoints) {
    const auto& body = delivery->webhook.body;
    const Exchange exchange{.url = delivery->url,
                            .head = request_head(delivery->url, delivery->webhook, sign_(body)),
                            .body = body,
                            .max_reply_bytes = options_.max_reply_bytes};
    auto answered = co_await run_exchange(delivery->socket, tls_->context, exchange, endpoints);
    end(delivery, outcome_of(std::move(answered)));
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
