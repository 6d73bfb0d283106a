#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "foldback/server/request_handler.hpp"
#include "support/served_store.hpp"

namespace foldback::test {

/// What becomes of a request that changes something.
enum class Fate : std::uint8_t {
    answered,
    done_unanswered,  ///< it is carried out, and the answer is that of a gateway which got none
    not_done,         ///< the same answer, but it is not carried out
};

/// Draws the fate of each POST, PUT and DELETE.
class Fates {
public:
    using Draw = std::function<Fate()>;

    void set(Draw draw) {
        const std::lock_guard lock(mutex_);
        draw_ = std::move(draw);
    }
    /// The next ones, in this order; then all are answered.
    void set(std::vector<Fate> next) {
        set([next = std::move(next), at = std::size_t{0}]() mutable {
            return at < next.size() ? next[at++] : Fate::answered;
        });
    }
    Fate draw() {
        const std::lock_guard lock(mutex_);
        return draw_ ? draw_() : Fate::answered;
    }

private:
    std::mutex mutex_;
    Draw draw_;
};

class LossyHandler final : public server::RequestHandler {
public:
    LossyHandler(server::RequestHandler& rest, Fates& fates) : rest_(rest), fates_(fates) {}

    server::Reply handle(server::Request request) override {
        const bool changes = request.method == server::Method::post || request.method == server::Method::put ||
                             request.method == server::Method::remove;
        const auto fate = changes ? fates_.draw() : Fate::answered;
        if (fate == Fate::not_done) return no_answer();
        auto reply = rest_.handle(std::move(request));
        if (fate == Fate::answered) return reply;
        auto* pending = std::get_if<server::Pending>(&reply);
        if (pending == nullptr) return no_answer();
        return server::Pending{[start = std::move(pending->start)](server::Respond respond) {
            start([respond = std::move(respond)](const server::Response&) { respond(no_answer()); });
        }};
    }
    std::optional<server::Response> refuse_early(server::Method method, std::string_view target,
                                                 std::uint64_t bytes) const override {
        return rest_.refuse_early(method, target, bytes);
    }

private:
    static server::Response no_answer() { return server::problem(504, "gateway-timeout", "There was no answer."); }

    server::RequestHandler& rest_;
    Fates& fates_;
};

/// A store behind a server that loses answers.
struct LossyStore {
    Fates fates;
    std::unique_ptr<LogStore> log = LogStore::in_memory();
    ServedStore served{*log, system_clock(),
                       [this](server::RequestHandler& rest) { return std::make_unique<LossyHandler>(rest, fates); },
                       HttpStoreOptions{.patience = std::chrono::seconds(20)}};
    StreamStore& store = served.store();
};

}  // namespace foldback::test
