#include "access/key_refresher.hpp"

#include <pthread.h>

#include <csignal>
#include <utility>

#include "foldback/server/access.hpp"

namespace foldback::server::access {

KeyRefresher::KeyRefresher(std::shared_ptr<KeySets> sets, Trouble on_trouble)
    : sets_(std::move(sets)), on_trouble_(std::move(on_trouble)) {}

KeyRefresher::~KeyRefresher() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

void KeyRefresher::ask(IssuerKeys& keys, std::stop_token stop) const {
    try {
        keys.answered(sets_->fetch(keys.from(), std::move(stop)));
    } catch (const std::exception& error) {
        keys.gave_no_answer();
        throw AccessError("no keys from " + keys.from().url + ": " + error.what());
    }
}

void KeyRefresher::keep(std::shared_ptr<IssuerKeys> keys) {
    const std::scoped_lock lock(mutex_);
    keys_ = std::move(keys);
    is_news_ = true;
    changed_.notify_all();
    if (thread_.joinable() || !keys_) return;
    // Signals are the main thread's business.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void KeyRefresher::miss(IssuerKeys& keys) {
    if (!keys.miss()) return;
    const std::scoped_lock lock(mutex_);
    is_news_ = true;
    changed_.notify_all();
}

void KeyRefresher::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        constexpr std::chrono::hours nothing_to_do{1};
        is_news_ = false;
        const auto keys = keys_;
        const auto wait = keys ? keys->until_due() : std::chrono::milliseconds(nothing_to_do);
        if (wait.count() > 0) {
            changed_.wait_for(lock, stop, wait, [this] { return is_news_; });
            continue;
        }
        lock.unlock();
        try {
            ask(*keys, stop);
        } catch (const AccessError& error) {
            if (on_trouble_ && !stop.stop_requested()) on_trouble_(error.what());
        }
        lock.lock();
    }
}

}  // namespace foldback::server::access
