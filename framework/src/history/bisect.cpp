#include "foldback/history/bisect.hpp"

#include <optional>
#include <set>

#include "foldback/core/check.hpp"

namespace foldback {

namespace {

/// The moment nearest to the middle, strictly between two, that was not skipped.
std::optional<Offset> middle(Offset good, Offset bad, const std::set<Offset>& skipped) {
    const auto half = good.value + (bad.value - good.value) / 2;
    for (std::uint64_t away = 0; half + away < bad.value || half > good.value + away; ++away) {
        if (half > good.value + away && !skipped.contains({half - away})) return Offset{half - away};
        if (half + away < bad.value && half + away > good.value && !skipped.contains({half + away}))
            return Offset{half + away};
    }
    return std::nullopt;
}

}  // namespace

Bisected bisect(Offset good, Offset bad, const std::function<Verdict(Offset)>& judge) {
    FOLDBACK_CHECK(good < bad, "the good moment lies before the bad one");
    Bisected result;
    std::set<Offset> skipped;
    while (const auto moment = middle(good, bad, skipped)) {
        ++result.judged;
        switch (judge(*moment)) {
            case Verdict::good: good = *moment; break;
            case Verdict::bad: bad = *moment; break;
            case Verdict::skip: skipped.insert(*moment); break;
        }
    }
    result.last_good = good;
    result.candidates.assign(skipped.upper_bound(good), skipped.lower_bound(bad));
    result.candidates.push_back(bad);
    return result;
}

}  // namespace foldback
