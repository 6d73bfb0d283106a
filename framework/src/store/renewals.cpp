#include "store/renewals.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>

#include "foldback/store/read_mode.hpp"
#include "index/expiry.hpp"
#include "store/queued.hpp"

namespace foldback {
namespace {

/// A renewal is queued so long before reads would have to wait for it.
constexpr std::chrono::milliseconds head_start{250};
/// Streams in one write.
constexpr std::size_t renewals_at_once = 4096;
/// Streams that wait, at most: beyond them those are renewed early that would be first. None of them is forgotten by the catalog.
constexpr std::size_t max_waiting = 262'144;
/// The same while the log is out of reach: no more are remembered.
constexpr std::size_t max_waiting_out_of_reach = 65'536;
/// Below so many it is not worth the time to look for those that are deleted.
constexpr std::size_t few_waiting = 1'024;
/// After a refusal. Where nothing is done in the background, time must go on before it is tried again.
constexpr std::chrono::milliseconds pause_after_refusal{100};
/// The clocks are read at different moments, and in whole milliseconds.
constexpr std::int64_t clock_resolution_ms = 2;
/// What a read or the end of the store waits for a commit, at most.
constexpr std::chrono::milliseconds patience{5'000};

RenewRequest renewal_of(const index::StreamRef& stream, std::int64_t used_at_ms) {
    return {std::make_shared<const std::vector<Renewal>>(1, Renewal{stream, used_at_ms})};
}

}  // namespace

/// The outcome of a write, for a thread that waits for it.
class Renewals::Outcome {
public:
    void set(const Result<std::monostate>& result) {
        const std::lock_guard lock(mutex_);
        result_ = result;
        arrived_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        arrived_.wait_for(lock, patience, [&] { return result_.has_value(); });
    }
    /// Empty when it is missing.
    [[nodiscard]] std::optional<Result<std::monostate>> result() {
        const std::lock_guard lock(mutex_);
        return result_;
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::optional<Result<std::monostate>> result_;
};

/// Renewals on their way. Those whose write never ends, as memory ran out, wait again.
class Renewals::Batch {
public:
    explicit Batch(Renewals& renewals) noexcept : renewals_(renewals) {}
    Batch(Batch&&) = delete;
    ~Batch() {
        if (!has_ended_) end(false);
    }
    void end(bool renewed) noexcept {
        has_ended_ = true;
        renewals_.end_waiting(streams, renewed);
    }

    std::vector<Renewal> streams;

private:
    Renewals& renewals_;
    bool has_ended_ = false;
};

Result<bool> Renewals::settle(const StreamPath& path, Use use) {
    const auto stream = catalog_.find(path.text());
    if (!stream) return false;
    const auto& config = stream->meta->config;
    if (!config.ttl && !config.expires_at) return false;
    if (!shared_.reachable()) {
        catalog_.hold_idling();
        return use == Use::look;  // what was idle is not over any more
    }
    bool over = false;
    {
        const std::shared_lock lock(catalog_.mutex());
        if (stream->life != index::Life::live) return false;
        over = catalog_.expired(*stream);
    }
    const auto now_ms = options_.clock->monotonic().count();
    const auto soon_over = [&] {
        return use == Use::read && config.ttl &&
               now_ms >= index::Catalog::known_deadline_ms(*stream) - index::renewal_margin(*config.ttl).count();
    };
    if (!over && !soon_over()) return false;
    if (ReadMode::current() == ReadMode::memory_only) throw NotInMemory();
    const auto outcome = over ? commit(ExpireRequest{path}) : commit(renewal_of(stream, now_ms));
    const bool is_busy = outcome && outcome->has_error() && outcome->error().reason == Refusal::busy;
    if (is_busy) return outcome->error();
    if (!outcome || outcome->has_error()) catalog_.hold_idling();  // as good as out of reach
    return over || soon_over();
}

template <class Request>
std::optional<Result<std::monostate>> Renewals::commit(Request request) {
    const auto outcome = std::make_shared<Outcome>();
    Completion<std::monostate> done = [outcome](const Result<std::monostate>& result) { outcome->set(result); };
    writer_.submit(queued<std::monostate>(std::move(request), std::move(done)));
    if (options_.background_threads) {
        outcome->wait();
    } else {
        while (!outcome->result() && writer_.commit_some()) {
        }
    }
    return outcome->result();
}

std::size_t Renewals::publish_due() { return publish(Which::due); }

void Renewals::publish_all() {
    (void)publish(Which::all);
    if (shared_.reachable()) (void)commit(RenewRequest{});  // behind these, and those that are on their way already
}

std::size_t Renewals::publish(Which which) {
    const bool reachable = shared_.reachable();
    if (!reachable) catalog_.hold_idling();  // the writer may be in a call that tries again for long
    take_used(reachable ? SIZE_MAX : max_waiting_out_of_reach);
    if (!reachable) return 0;
    std::size_t count = 0;
    std::vector<std::shared_ptr<Batch>>
        batches;  // all before the first is submitted: what is refused at once waits again
    while (const auto batch = next_batch(which)) {
        count += batch->streams.size();
        batches.push_back(batch);
    }
    for (const auto& batch : batches) {
        Completion<std::monostate> done = [batch](const Result<std::monostate>& outcome) {
            batch->end(outcome.has_value());
        };
        writer_.submit(queued<std::monostate>(RenewRequest{{batch, &batch->streams}}, std::move(done)));
    }
    return count;
}

void Renewals::take_used(std::size_t at_most) {
    const std::lock_guard lock(mutex_);
    if (used_.empty()) used_ = catalog_.take_unlogged();
    if (waiting_.size() + used_.size() >= forget_at_) forget_deleted();
    const auto needed = waiting_.size() + under_way_ + used_.size();
    if (needed > waiting_.capacity()) waiting_.reserve(std::max(needed, 2 * waiting_.capacity()));
    for (const auto& stream : used_) {
        if (waiting_.size() < at_most) {
            wait_on(stream);
        } else {
            stream->awaits_renewal = false;
        }
    }
    used_.clear();
}

void Renewals::forget_deleted() {
    {
        const std::shared_lock lock(catalog_.mutex());
        std::erase_if(waiting_, [](const Waiting& one) { return one.stream->life != index::Life::live; });
    }
    std::ranges::make_heap(waiting_, std::greater<>());
    forget_at_ = std::max(few_waiting, 2 * (waiting_.size() + used_.size()));
}

std::shared_ptr<Renewals::Batch> Renewals::next_batch(Which which) {
    auto batch = std::make_shared<Batch>(*this);
    const std::lock_guard lock(mutex_);
    const auto now_ms = options_.clock->monotonic().count();
    while (!waiting_.empty() && batch->streams.size() < renewals_at_once) {
        const bool early = which == Which::all || waiting_.size() > max_waiting;
        if (!early && waiting_.front().due_ms > now_ms) break;
        const auto stream = waiting_.front().stream;
        const auto used_at_ms = catalog_.used_at_ms(*stream);
        if (!early && due_ms(*stream) > now_ms) {  // written to meanwhile
            pop_first();
            wait_on(stream);
        } else if (is_live(*stream) && used_at_ms > stream->logged_access_ms + clock_resolution_ms) {
            batch->streams.push_back({stream, used_at_ms});  // first: it may fail
            pop_first();
            ++under_way_;
        } else {
            pop_first();
            if (let_go(*stream, used_at_ms)) catalog_.await_renewal(stream);
        }
    }
    return batch->streams.empty() ? nullptr : std::move(batch);
}

void Renewals::pop_first() noexcept {
    std::ranges::pop_heap(waiting_, std::greater<>());
    waiting_.pop_back();
}

std::int64_t Renewals::due_ms(const index::StreamState& stream) {
    const auto margin = index::renewal_margin(*stream.meta->config.ttl);
    return index::Catalog::known_deadline_ms(stream) - (margin + head_start).count();
}

void Renewals::wait_on(const index::StreamRef& stream, std::int64_t not_before_ms) {
    waiting_.push_back({std::max(due_ms(*stream), not_before_ms), stream});
    std::ranges::push_heap(waiting_, std::greater<>());
}

bool Renewals::let_go(index::StreamState& stream, std::int64_t used_at_ms) const {
    stream.awaits_renewal.exchange(false);
    const bool is_used = stream.keepers > 0 || stream.last_access_ms > used_at_ms;
    return is_used && is_live(stream);
}

bool Renewals::is_live(const index::StreamState& stream) const {
    const std::shared_lock lock(catalog_.mutex());
    return stream.life == index::Life::live && !catalog_.expired(stream);
}

void Renewals::end_waiting(const std::vector<Renewal>& renewals, bool renewed) noexcept {
    const std::lock_guard lock(mutex_);
    under_way_ -= renewals.size();
    const auto retry_at_ms = (options_.clock->monotonic() + pause_after_refusal).count();
    for (const auto& [stream, used_at_ms] : renewals) {
        if (!renewed) {
            wait_on(stream, retry_at_ms);
        } else if (let_go(*stream, used_at_ms) && !stream->awaits_renewal.exchange(true)) {
            wait_on(stream);
        }
    }
}

}  // namespace foldback
