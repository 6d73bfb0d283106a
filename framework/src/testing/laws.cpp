#include "foldback/testing/laws.hpp"

#include <cstdlib>

namespace foldback::testing {

std::string BrokenLaw::text() const {
    std::string text = "the law " + law + " does not hold\n" + explanation;
    if (history.empty() && shrunk_from == 0) return text;
    text += "\nhistory (" + std::to_string(history.size()) + " of " + std::to_string(shrunk_from) + " events):";
    for (const auto& event : history) text += "\n  " + event;
    text += "\nseed: " + std::to_string(seed) + "  (again: .seed = " + std::to_string(seed) + ", .rounds = 1)";
    return text;
}

namespace detail {

std::uint64_t seed_of_environment() {
    const char* const text = std::getenv("FOLDBACK_SEED");
    return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

std::string differing(const std::string& what, const std::string& left, const std::string& right) {
    return what + ", it is not the same:\n  " + left + "\n  " + right;
}

}  // namespace detail

}  // namespace foldback::testing
