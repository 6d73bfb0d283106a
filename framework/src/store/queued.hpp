#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "store/request_memory.hpp"
#include "store/writer.hpp"

namespace foldback {

/// A request, where its outcome goes, and the outcome once it is decided.
template <class Request, class Value>
class QueuedRequest final : public QueuedWrite {
public:
    QueuedRequest(Request&& request, Completion<Value>&& done)
        : request_(std::move(request)), done_(std::move(done)), bound_(CommitDraft::bound(request_)) {}

    [[nodiscard]] std::size_t bound() const override { return bound_; }
    [[nodiscard]] bool frees_space() const override {
        return std::is_same_v<Request, RemoveRequest> || std::is_same_v<Request, TruncateRequest> ||
               std::is_same_v<Request, ExpireRequest>;
    }
    static void* operator new(std::size_t bytes) { return RequestMemory::take(bytes); }
    static void operator delete(void* memory, std::size_t bytes) noexcept { RequestMemory::give_back(memory, bytes); }

    void decide(CommitDraft& draft) override { outcome_.emplace(draft.decide(request_)); }
    [[nodiscard]] bool is_refused() const override { return !*outcome_; }
    void refuse(const Refused& refused) override { outcome_.emplace(refused); }
    void complete() override { done_(*std::move(outcome_)); }

private:
    Request request_;
    Completion<Value> done_;
    std::size_t bound_;
    std::optional<Result<Value>> outcome_;
};

static_assert(sizeof(QueuedRequest<AppendRequest, Appended>) <= RequestMemory::block_bytes);

template <class Value, class Request>
[[nodiscard]] std::unique_ptr<QueuedWrite> queued(Request&& request, Completion<Value>&& done) {
    return std::make_unique<QueuedRequest<Request, Value>>(std::move(request), std::move(done));
}

}  // namespace foldback
