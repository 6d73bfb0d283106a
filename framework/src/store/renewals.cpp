#include "store/renewals.hpp"

#include <algorithm>
#include <condition_variable>

#include "foldback/store/read_mode.hpp"
#include "index/expiry.hpp"
#include "store/queued.hpp"

namespace foldback {
namespace {

/// A renewal is queued so long before reads would have to wait for it.
constexpr std::chrono::milliseconds head_start{250};
/// Streams in one write.
constexpr std::size_t renewals_at_once = 4096;
/// Streams that wait, at most: then all are renewed early, and where the log is out of reach no more are remembered.
constexpr std::size_t max_waiting = 65'536;
/// The clocks are read at different moments, and in whole milliseconds.
constexpr std::int64_t clock_resolution_ms = 2;
/// What a read or the end of the store waits for a commit, at most.
constexpr std::chrono::milliseconds patience{5'000};

}  // namespace

/// The outcomes of some writes, for a thread that waits for all of them.
class Renewals::Outcomes {
public:
    explicit Outcomes(std::size_t missing) : missing_(missing) {}

    void add(const Result<std::monostate>& outcome) {
        const std::lock_guard lock(mutex_);
        if (!outcome) last_ = outcome;
        --missing_;
        arrived_.notify_all();
    }
    [[nodiscard]] bool complete() {
        const std::lock_guard lock(mutex_);
        return missing_ == 0;
    }
    void wait() {
        std::unique_lock lock(mutex_);
        arrived_.wait_for(lock, patience, [&] { return missing_ == 0; });
    }
    /// A refusal, if there was one; empty when some are missing.
    [[nodiscard]] std::optional<Result<std::monostate>> result() {
        const std::lock_guard lock(mutex_);
        return missing_ == 0 ? std::optional(last_) : std::nullopt;
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::size_t missing_;
    Result<std::monostate> last_ = std::monostate{};
};

Result<bool> Renewals::settle(const StreamPath& path, Use use) {
    const auto stream = catalog_.find(path.text());
    if (!stream) return false;
    const auto& config = stream->meta->config;
    if (!config.ttl && !config.expires_at) return false;
    if (!shared_.reachable()) {
        catalog_.hold_idling();
        return use == Use::look;  // it is not over any more
    }
    bool over = false;
    {
        const std::shared_lock lock(catalog_.mutex());
        if (stream->life != index::Life::live) return false;
        over = catalog_.expired(*stream);
    }
    const auto now_ms = options_.clock->monotonic().count();
    const bool soon_over =
        use == Use::read && config.ttl &&
        now_ms >= index::Catalog::known_deadline_ms(*stream) - index::renewal_margin(*config.ttl).count();
    if (!over && !soon_over) return false;
    if (ReadMode::current() == ReadMode::memory_only) throw NotInMemory();
    const auto outcome = over ? commit(ExpireRequest{path}) : commit(RenewRequest{{{stream, now_ms}}});
    const bool is_busy = outcome && outcome->has_error() && outcome->error().reason == Refusal::busy;
    if (is_busy) return outcome->error();
    if (!outcome || outcome->has_error()) catalog_.hold_idling();  // as good as out of reach
    const bool is_renewed = !over && stream->logged_access_ms + clock_resolution_ms >= now_ms;
    return !is_renewed;
}

template <class Request>
std::optional<Result<std::monostate>> Renewals::commit(Request request) {
    const auto outcomes = std::make_shared<Outcomes>(1);
    Completion<std::monostate> done = [outcomes](const Result<std::monostate>& outcome) { outcomes->add(outcome); };
    writer_.submit(queued<std::monostate>(std::move(request), std::move(done)));
    wait_for(*outcomes);
    return outcomes->result();
}

void Renewals::wait_for(Outcomes& outcomes) {
    if (options_.background_threads) return outcomes.wait();
    while (!outcomes.complete() && writer_.commit_some()) {
    }
}

std::size_t Renewals::publish_due() {
    auto renewals = take(Which::due);
    const auto count = renewals.size();
    publish(std::move(renewals));
    return count;
}

void Renewals::publish_all() {
    publish(take(Which::all));
    if (shared_.reachable()) (void)commit(RenewRequest{});  // behind these, and those that are on their way already
}

std::vector<Renewal> Renewals::take(Which which) {
    const bool reachable = shared_.reachable();
    if (!reachable) catalog_.hold_idling();  // the writer may be in a call that tries again for long
    const std::lock_guard lock(mutex_);
    for (const auto& stream : catalog_.take_unlogged()) {
        if (waiting_.size() < max_waiting || reachable) {
            wait_on(stream);
        } else {
            stream->awaits_renewal = false;
        }
    }
    std::vector<Renewal> renewals;
    if (!reachable) return renewals;
    if (waiting_.size() >= max_waiting) which = Which::all;
    const auto now_ms = options_.clock->monotonic().count();
    while (!waiting_.empty() && (which == Which::all || waiting_.top().due_ms <= now_ms)) {
        const auto stream = waiting_.top().stream;
        waiting_.pop();
        if (which == Which::due && due_ms(*stream) > now_ms) {  // written to meanwhile
            wait_on(stream);
        } else if (auto renewal = renewal_of(stream)) {
            renewals.push_back(*std::move(renewal));
        }
    }
    return renewals;
}

std::optional<Renewal> Renewals::renewal_of(const index::StreamRef& stream) {
    const auto used_at_ms = catalog_.used_at_ms(*stream);
    if (is_live(*stream) && used_at_ms > stream->logged_access_ms + clock_resolution_ms)
        return Renewal{stream, used_at_ms};
    let_go(stream, used_at_ms);
    return std::nullopt;
}

std::int64_t Renewals::due_ms(const index::StreamState& stream) {
    const auto margin = index::renewal_margin(*stream.meta->config.ttl);
    return index::Catalog::known_deadline_ms(stream) - (margin + head_start).count();
}

void Renewals::wait_on(const index::StreamRef& stream) { waiting_.push({due_ms(*stream), stream}); }

void Renewals::let_go(const index::StreamRef& stream, std::int64_t used_at_ms) {
    stream->awaits_renewal.exchange(false);
    const bool is_used = stream->keepers > 0 || stream->last_access_ms > used_at_ms;
    if (is_used && is_live(*stream)) catalog_.await_renewal(stream);
}

bool Renewals::is_live(const index::StreamState& stream) const {
    const std::shared_lock lock(catalog_.mutex());
    return stream.life == index::Life::live && !catalog_.expired(stream);
}

void Renewals::publish(std::vector<Renewal> renewals) {
    for (std::size_t begin = 0; begin < renewals.size(); begin += renewals_at_once) {
        const auto end = std::min(renewals.size(), begin + renewals_at_once);
        std::vector<Renewal> some(renewals.begin() + static_cast<std::ptrdiff_t>(begin),
                                  renewals.begin() + static_cast<std::ptrdiff_t>(end));
        RenewRequest request{some};
        writer_.submit(queued<std::monostate>(std::move(request),
                                              [this, some = std::move(some)](const Result<std::monostate>& outcome) {
                                                  end_waiting(some, outcome.has_value());
                                              }));
    }
}

void Renewals::end_waiting(const std::vector<Renewal>& renewals, bool renewed) {
    if (renewed) {
        for (const auto& [stream, used_at_ms] : renewals) let_go(stream, used_at_ms);
        return;
    }
    const std::lock_guard lock(mutex_);
    for (const auto& renewal : renewals) wait_on(renewal.stream);
}

}  // namespace foldback
