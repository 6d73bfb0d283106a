#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "access/key.hpp"
#include "foldback/server/key_sets.hpp"
#include "foldback/store/clock.hpp"

namespace foldback::server::access {

using SharedKeys = std::shared_ptr<const std::vector<Key>>;

/// How often an issuer is asked, and how long its last answer holds.
struct KeyTimes {
    std::chrono::milliseconds refresh{300'000};
    /// At least between two questions because of keys that are not known.
    std::chrono::milliseconds refresh_for_unknown{60'000};
    /// Between two questions while the issuer gives no answer.
    std::chrono::milliseconds retry{30'000};
    /// Without an answer for so long, nothing is believed any more.
    std::chrono::milliseconds keep{24 * 3'600'000};

    friend bool operator==(const KeyTimes&, const KeyTimes&) = default;
};

/// The keys of an issuer as its URL last had them, and when it is to be asked again. Measured on the monotonic clock. Any
/// thread.
class IssuerKeys {
public:
    /// Nothing is known yet, and the issuer is to be asked at once. `clock` must outlive it.
    IssuerKeys(KeySetUrl from, KeyTimes times, const Clock& clock);

    [[nodiscard]] const KeySetUrl& from() const noexcept { return from_; }
    [[nodiscard]] const KeyTimes& times() const noexcept { return times_; }

    /// Null when there was no answer yet, or none for too long.
    [[nodiscard]] SharedKeys now() const;

    /// Somebody showed a token of a key that is not among them. Returns whether the issuer is to be asked sooner for it.
    bool miss();

    /// How long until the issuer is to be asked; 0: now.
    [[nodiscard]] std::chrono::milliseconds until_due() const;

    /// The issuer gave this answer. Throws AccessError when it is no set of keys of use; that is no answer then.
    void answered(const std::string& text);
    void gave_no_answer();

private:
    const KeySetUrl from_;
    const KeyTimes times_;
    const Clock& clock_;

    mutable std::mutex mutex_;
    SharedKeys keys_;
    std::chrono::milliseconds answered_at_{};
    std::chrono::milliseconds due_;
    std::optional<std::chrono::milliseconds> missed_at_;  ///< the last miss that counted
};

}  // namespace foldback::server::access
