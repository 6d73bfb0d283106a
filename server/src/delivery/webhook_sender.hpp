#pragma once

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "delivery/addresses.hpp"
#include "delivery/delivery_queue.hpp"
#include "http/net.hpp"
#include "subscriptions/decisions.hpp"
#include "subscriptions/webhook_url.hpp"

/// Sends webhooks: to an address that was looked at, and to no other.
namespace foldback::server::delivery {

struct SenderOptions {
    subscriptions::LocalWebhooks local = subscriptions::LocalWebhooks::refused;
    std::string ca_file{};  ///< PEM, besides the system's authorities; empty: none
    std::chrono::milliseconds timeout{30'000};
    std::size_t max_under_way = 256;
    std::size_t max_per_receiver = 32;
    std::size_t max_reply_bytes = 64 << 10;
};

/// A request to send.
struct Webhook {
    std::string name;  ///< whose it is; one at a time
    std::string url;
    std::string body;
    std::chrono::milliseconds time{};  ///< until the whole answer must be there
    std::string traceparent{};         ///< to forward; empty: none
};

/// The thread of the context only, but for the constructor.
class WebhookSender {
public:
    /// What the `Webhook-Signature` of a body is, at the moment of sending.
    using Sign = std::function<std::string(const std::string& body)>;
    using Done = std::function<void(subscriptions::Outcome)>;

    /// Throws std::runtime_error when the certificates cannot be read.
    WebhookSender(http::asio::io_context& context, SenderOptions options, Sign sign);
    ~WebhookSender();
    WebhookSender(const WebhookSender&) = delete;
    WebhookSender& operator=(const WebhookSender&) = delete;

    /// Sends when it is its turn; the time for it runs from now on. Calls `done` later, once, unless it is cancelled.
    void send(Webhook webhook, Done done);
    /// Ends what is waiting or under way in a name. Its `done` is not called any more.
    void cancel(const std::string& name);
    void cancel_all();

private:
    class Delivery;
    struct Tls;

    void begin_waiting();
    void connect(const std::shared_ptr<Delivery>& delivery, const Endpoints& found);
    http::Task<void> talk(std::shared_ptr<Delivery> delivery, Endpoints endpoints);
    void free_place(Delivery& delivery);
    void let_go(Delivery& delivery);
    void end(const std::shared_ptr<Delivery>& delivery, subscriptions::Outcome outcome);

    http::asio::io_context& context_;
    const SenderOptions options_;
    const Sign sign_;
    std::unique_ptr<Tls> tls_;
    http::asio::thread_pool resolvers_;
    DeliveryQueue<std::shared_ptr<Delivery>> queue_;
    std::unordered_map<std::string, std::shared_ptr<Delivery>> deliveries_;  ///< waiting and under way, by name
};

}  // namespace foldback::server::delivery
