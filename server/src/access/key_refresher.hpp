#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "access/issuer_keys.hpp"

namespace foldback::server::access {

/// Asks an issuer for its keys whenever that is due, on a thread of its own. Any thread.
class KeyRefresher {
public:
    using Trouble = std::function<void(const std::string&)>;

    /// `on_trouble` is told of questions without answer, on the thread.
    KeyRefresher(std::shared_ptr<KeySets> sets, Trouble on_trouble);
    /// Cuts off a question under way.
    ~KeyRefresher();
    KeyRefresher(const KeyRefresher&) = delete;
    KeyRefresher& operator=(const KeyRefresher&) = delete;

    [[nodiscard]] const std::shared_ptr<KeySets>& sets() const noexcept { return sets_; }

    /// Asks once, on the calling thread. Throws AccessError; `keys` then know that there was no answer.
    void ask(IssuerKeys& keys, std::stop_token stop = {}) const;

    /// Keeps these from now on, and no others; null: none.
    void keep(std::shared_ptr<IssuerKeys> keys);
    /// A token named a key that is not among those that are kept.
    void miss(IssuerKeys& keys);

private:
    void run(const std::stop_token& stop);

    const std::shared_ptr<KeySets> sets_;
    const Trouble on_trouble_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::shared_ptr<IssuerKeys> keys_;
    bool is_news_ = false;
    std::jthread thread_;
};

}  // namespace foldback::server::access
