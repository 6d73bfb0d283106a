#include "access/issuer_keys.hpp"

#include <algorithm>

namespace foldback::server::access {

using std::chrono::milliseconds;

IssuerKeys::IssuerKeys(KeySetUrl from, KeyTimes times, const Clock& clock)
    : from_(std::move(from)), times_(times), clock_(clock), due_(clock.monotonic()) {}

SharedKeys IssuerKeys::now() const {
    const std::scoped_lock lock(mutex_);
    return clock_.monotonic() - answered_at_ < times_.keep ? keys_ : nullptr;
}

bool IssuerKeys::miss() {
    const std::scoped_lock lock(mutex_);
    const auto now = clock_.monotonic();
    if (missed_at_ && now - *missed_at_ < times_.refresh_for_unknown) return false;
    missed_at_ = now;
    due_ = std::min(due_, now);
    return true;
}

milliseconds IssuerKeys::until_due() const {
    const std::scoped_lock lock(mutex_);
    return std::max(due_ - clock_.monotonic(), milliseconds(0));
}

void IssuerKeys::answered(const std::string& text) {
    auto keys = std::make_shared<const std::vector<Key>>(parse_jwks(text, from_.url));
    const std::scoped_lock lock(mutex_);
    keys_ = std::move(keys);
    answered_at_ = clock_.monotonic();
    due_ = answered_at_ + times_.refresh;
}

void IssuerKeys::gave_no_answer() {
    const std::scoped_lock lock(mutex_);
    due_ = clock_.monotonic() + std::min(times_.retry, times_.refresh);
}

}  // namespace foldback::server::access
