#include "foldback/testing/random.hpp"

namespace foldback::testing {

std::string random_text(Random& random) {
    static constexpr std::string_view odd[] = {
        "\"", "\\", "\n", "\t", "/", "~", "\x01", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x8D\xB5", "{}", " "};
    std::string text;
    for (auto left = random.below(random.one_in(10) ? 40 : 6); left > 0; --left) {
        if (random.one_in(8)) {
            text += odd[random.below(std::size(odd))];
        } else {
            text += static_cast<char>('a' + random.below(26));
        }
    }
    return text;
}

}  // namespace foldback::testing
