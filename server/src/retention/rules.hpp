#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/path_glob.hpp"

namespace foldback::server {

/// A stream of the State protocol is kept to its current rows; see StateCompactor.
struct StateRetention {
    std::uint64_t from_bytes = 0;  ///< a snapshot is due when more was written since the last one
    /// How long an offset that a reader saved stays good after a snapshot.
    std::chrono::milliseconds keep_offsets{3'600'000};
};

/// How much of a stream's past is kept. Every bound that is given holds: what lies beyond any of them goes.
struct RetentionRule {
    PathGlob streams;
    std::optional<std::chrono::milliseconds> max_age{};
    std::optional<std::uint64_t> max_bytes{};
    /// JSON streams only: other streams have no messages to count.
    std::optional<std::uint64_t> max_messages{};
    /// Excludes the others. JSON streams only.
    std::optional<StateRetention> state{};
    /// What a subscription has not acknowledged stays until it is so old. Zero: subscriptions are not waited for.
    std::chrono::milliseconds wait_for_subscriptions{7 * 24 * 3'600'000LL};
};

/// What is kept of which streams, and what must not be deleted at all.
struct RetentionRules {
    std::vector<RetentionRule> rules{};
    std::vector<PathGlob> holds{};

    /// The first rule that matches; null when there is none, or the path is held.
    [[nodiscard]] const RetentionRule* rule_for(std::string_view path) const;
    [[nodiscard]] bool is_held(std::string_view path) const;
};

/// The rules that are in force. From any thread.
class Retention {
public:
    explicit Retention(RetentionRules rules = {}) { replace(std::move(rules)); }

    void replace(RetentionRules rules) {
        auto fresh = std::make_shared<const RetentionRules>(std::move(rules));
        const std::lock_guard lock(mutex_);
        rules_ = std::move(fresh);
    }
    [[nodiscard]] std::shared_ptr<const RetentionRules> rules() const {
        const std::lock_guard lock(mutex_);
        return rules_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const RetentionRules> rules_;
};

}  // namespace foldback::server
