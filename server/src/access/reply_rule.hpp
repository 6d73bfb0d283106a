#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "foldback/server/api.hpp"

namespace foldback::server::access {

/// What holds for a reply until it has left. Any thread.
class ReplyRule {
public:
    virtual ~ReplyRule() = default;

    /// What a live read is answered with from now on instead of news; nothing while it may go on. An event stream just
    /// ends.
    [[nodiscard]] virtual std::optional<Response> interruption() const { return std::nullopt; }
    /// A live read may wait no longer than this.
    [[nodiscard]] virtual std::chrono::milliseconds left() const { return std::chrono::milliseconds::max(); }
    /// The last change of every response, also of an event stream's head.
    virtual void finish(Response&) const {}
};

/// The reply under a rule.
[[nodiscard]] Reply under(Reply reply, std::shared_ptr<const ReplyRule> rule);

}  // namespace foldback::server::access
