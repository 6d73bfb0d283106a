#include "foldback/server/key_sets.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <stdexcept>

#include "delivery/addresses.hpp"
#include "delivery/exchange.hpp"

namespace foldback::server {

namespace {

using namespace http;
using delivery::Answered;
using subscriptions::LocalWebhooks;
using subscriptions::WebhookUrl;

std::string head_of(const WebhookUrl& url) {
    return "GET " + url.target + " HTTP/1.1\r\nhost: " + url.authority +
           "\r\nuser-agent: foldback\r\naccept: application/jwk-set+json, application/json\r\nconnection: "
           "close\r\n\r\n";
}

asio::ssl::context tls_for(const KeySetUrl& from) {
    asio::ssl::context tls{asio::ssl::context::tls_client};
    const auto problem = delivery::trust(tls, from.ca_file.string());
    if (!problem.empty()) throw std::runtime_error(problem);
    return tls;
}

/// One question, and the thread that waits for its answer.
class Question {
public:
    Question(const KeySetUrl& from, const WebhookUrl& url, const KeySetOptions& options)
        : url_(url),
          options_(options),
          tls_(tls_for(from)),
          socket_(context_.get_executor()),
          timer_(context_.get_executor()) {}

    Answered ask(const std::stop_token& stop) {
        const auto found = delivery::look_up(url_.host, url_.port);
        if (const auto problem = delivery::problem_with(url_, found); !problem.empty()) {
            throw std::runtime_error(std::string(problem));
        }
        const std::stop_callback stopping(stop, [this] { asio::post(context_, [this] { give_up(); }); });
        timer_.expires_after(options_.timeout);
        timer_.async_wait([this](boost::system::error_code error) {
            if (!error) give_up();
        });
        auto life = talk(delivery::some_of(found));
        std::exception_ptr failure;
        asio::co_spawn(context_.get_executor(), std::move(life), [&](std::exception_ptr thrown) {
            failure = std::move(thrown);
            timer_.cancel();
        });
        context_.run();
        if (failure) std::rethrow_exception(failure);
        if (given_up_) return {.failure = "there was no answer in time"};
        return std::move(answered_);
    }

private:
    void give_up() {
        given_up_ = true;
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    Task<void> talk(delivery::Endpoints endpoints) {
        const delivery::Exchange exchange{
            .url = url_, .head = head_of(url_), .body = {}, .max_reply_bytes = options_.max_bytes};
        answered_ = co_await delivery::run_exchange(socket_, tls_, exchange, endpoints);
    }

    const WebhookUrl& url_;
    const KeySetOptions& options_;
    asio::io_context context_{1};
    asio::ssl::context tls_;
    Socket socket_;
    Timer timer_;
    bool given_up_ = false;
    Answered answered_;
};

class KeySetsByHttps final : public KeySets {
public:
    explicit KeySetsByHttps(KeySetOptions options) : options_(options) {}

    std::string problem_with(const KeySetUrl& from) const override {
        const auto url = parse(from);
        return url ? std::string() : std::string(url.error().why);
    }

    std::string fetch(const KeySetUrl& from, std::stop_token stop) override {
        const auto url = parse(from);
        if (!url) throw std::runtime_error(std::string(url.error().why));
        auto answered = Question(from, *url, options_).ask(stop);
        if (!answered.failure.empty()) throw std::runtime_error(answered.failure);
        if (answered.status != 200) throw std::runtime_error("the answer was " + std::to_string(answered.status));
        return std::move(answered.body);
    }

private:
    [[nodiscard]] boost::system::result<WebhookUrl, subscriptions::UrlProblem> parse(const KeySetUrl& from) const {
        return subscriptions::parse_outbound_url(
            from.url, options_.allow_local ? LocalWebhooks::allowed : LocalWebhooks::refused);
    }

    const KeySetOptions options_;
};

}  // namespace

std::shared_ptr<KeySets> key_sets_by_https(KeySetOptions options) { return std::make_shared<KeySetsByHttps>(options); }

}  // namespace foldback::server
