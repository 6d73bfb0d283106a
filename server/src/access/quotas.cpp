#include "foldback/server/quotas.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocol/reserved.hpp"

namespace foldback::server {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds recount_when_full{1'000};  ///< at the earliest
constexpr milliseconds recount_when_taken{60'000};
/// A write that was let through is durable or has failed after this.
constexpr milliseconds write_patience{10'000};
constexpr std::size_t max_accounts = 65'536;
constexpr std::size_t streams_per_page = 1'000;

struct Use {
    std::uint64_t streams = 0;
    std::uint64_t bytes = 0;
};

/// What one principal has.
struct Account {
    struct Taken {
        milliseconds at{};
        Use use;
    };

    Use counted;
    milliseconds counted_at{};
    std::deque<Taken> taken{};  ///< since, and shortly before that

    [[nodiscard]] Use use() const {
        Use sum = counted;
        for (const auto& one : taken) {
            sum.streams += one.use.streams;
            sum.bytes += one.use.bytes;
        }
        return sum;
    }

    void take(milliseconds now, Use more) {
        constexpr milliseconds together{1'000};
        if (taken.empty() || now - taken.back().at >= together) taken.push_back({.at = now, .use = {}});
        taken.back().use.streams += more.streams;
        taken.back().use.bytes += more.bytes;
    }
};

bool fits(const Quota& quota, const Use& use, std::uint64_t streams, std::uint64_t bytes) {
    const auto fits_one = [](std::uint64_t most, std::uint64_t has, std::uint64_t more) {
        return most == 0 || more == 0 || (has < most && more <= most - has);
    };
    return fits_one(quota.streams, use.streams, streams) && fits_one(quota.bytes, use.bytes, bytes);
}

/// What the paths begin with where it may create or append, none the beginning of another.
std::vector<std::string> written_prefixes(const Principal& principal) {
    auto all = principal.prefixes(Verb::create);
    const auto more = principal.prefixes(Verb::append);
    all.insert(all.end(), more.begin(), more.end());
    std::sort(all.begin(), all.end());
    std::vector<std::string> fewest;
    for (auto& prefix : all) {
        if (fewest.empty() || !prefix.starts_with(fewest.back())) fewest.push_back(std::move(prefix));
    }
    return fewest;
}

class CountedQuotas final : public Quotas {
public:
    CountedQuotas(MeasuredStore& store, const Clock& clock) : store_(store), clock_(clock) {}

    bool knows(const Principal& principal, std::uint64_t streams, std::uint64_t bytes) const override {
        const auto quota = principal.quota();
        if (quota.streams == 0 && quota.bytes == 0) return true;
        const std::scoped_lock lock(mutex_);
        const auto found = accounts_.find(std::string(principal.id()));
        if (found == accounts_.end()) return false;
        const auto& account = found->second;
        const auto age = clock_.monotonic() - account.counted_at;
        if (age >= recount_when_taken && !account.taken.empty()) return false;
        return age < recount_when_full || fits(quota, account.use(), streams, bytes);
    }

    void count(const Principal& principal) override {
        const auto began = clock_.monotonic();
        const auto use = use_of(principal);
        const std::scoped_lock lock(mutex_);
        // Of several that counted at once the first is right: the others found streams that were taken since, and are in both.
        const auto known = accounts_.find(std::string(principal.id()));
        if (known != accounts_.end() && began - known->second.counted_at < recount_when_full) return;
        if (accounts_.size() >= max_accounts) accounts_.clear();
        auto& account = accounts_[std::string(principal.id())];
        account.counted = use;
        account.counted_at = began;
        std::erase_if(account.taken, [&](const auto& taken) { return taken.at < began - write_patience; });
    }

    bool take(const Principal& principal, std::uint64_t streams, std::uint64_t bytes) override {
        const auto quota = principal.quota();
        if (quota.streams == 0 && quota.bytes == 0) return true;
        const std::scoped_lock lock(mutex_);
        const auto found = accounts_.find(std::string(principal.id()));
        if (found == accounts_.end()) return false;  // nobody counted
        if (!fits(quota, found->second.use(), streams, bytes)) return false;
        found->second.take(clock_.monotonic(), {.streams = streams, .bytes = bytes});
        return true;
    }

private:
    [[nodiscard]] Use use_of(const Principal& principal) const {
        Use use;
        const bool wants_bytes = principal.quota().bytes != 0;
        for (const auto& prefix : written_prefixes(principal)) {
            ListRequest request{.prefix = prefix, .limit = streams_per_page};
            for (bool complete = false; !complete;) {
                const auto page = store_.list(request);
                for (const auto& info : page.streams) {
                    const auto& path = info.stream.text();
                    if (protocol::is_reserved(path)) continue;
                    if (!principal.may(Verb::create, path) && !principal.may(Verb::append, path)) continue;
                    ++use.streams;
                    if (wants_bytes) use.bytes += store_.stored_bytes(info.stream);
                }
                complete = page.complete || page.streams.empty();
                if (!complete) request.after = page.streams.back().stream.text();
            }
        }
        return use;
    }

    MeasuredStore& store_;
    const Clock& clock_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Account> accounts_;
};

}  // namespace

std::unique_ptr<Quotas> quotas_of(MeasuredStore& store, const Clock& clock) {
    return std::make_unique<CountedQuotas>(store, clock);
}

}  // namespace foldback::server
