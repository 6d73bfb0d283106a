#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "postgres/wake_file.hpp"

namespace foldback::postgres {

class Connection;

/// Told that another node is the keeper now.
using KeeperLost = std::function<void(const std::string&)>;

/// The thread that hears of other nodes' commits and tells them of ours: a session of its own, LISTEN and NOTIFY, and polling in case
/// either fails.
class Follower {
public:
    struct Options {
        std::string url;
        std::string schema;
        std::int64_t node = 0;
        std::chrono::milliseconds timeout;
        std::chrono::milliseconds interval;
    };
    explicit Follower(Options options);
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    ~Follower();

    /// Becomes the log's keeper, for as long as its session lives, and again with each session until another node is. Before `follow`. Throws ConnectionLost,
    /// and StorageError when another node is.
    void keep(KeeperLost lost);

    /// As SharedLog's.
    void follow(std::function<void()> news);
    void unfollow() noexcept;
    void announce() noexcept;

private:
    /// A session of the server's, whichever that is.
    struct Session {
        std::int64_t process = 0;
        std::int64_t began_us = 0;
    };

    void run();
    void open_session();
    void become_keeper();
    [[nodiscard]] bool try_to_keep();
    [[nodiscard]] bool ends_session_before();
    void listen();
    [[nodiscard]] std::string name_of_log();
    void tell();

    const Options options_;
    WakeFile wake_;
    std::function<void()> news_;
    bool keeps_ = false;
    KeeperLost keeper_lost_;
    std::unique_ptr<Connection> session_;
    Session keeps_with_;  ///< the last one that was the keeper's
    std::atomic<bool> stopping_{false};
    std::atomic<bool> has_news_for_others_{false};
    std::thread thread_;
};

}  // namespace foldback::postgres
