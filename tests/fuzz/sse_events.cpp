#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "client/sse_parser.hpp"
#include "fuzz/fuzz.hpp"

// The events of a text are the same in one piece and in pieces, and never larger than allowed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldback::client::detail;
    constexpr std::size_t max_event_bytes = 200;
    if (size == 0) return 0;
    const auto text = foldback::fuzz::text_of(data + 1, size - 1);
    const std::size_t piece = data[0] % 7 + 1;

    SseParser whole(max_event_bytes);
    std::vector<SseEvent> expected;
    const bool fits = whole.feed(text, expected);

    SseParser cut(max_event_bytes);
    std::vector<SseEvent> found;
    bool fits_cut = true;
    for (std::size_t at = 0; at < text.size() && fits_cut; at += piece)
        fits_cut = cut.feed(text.substr(at, piece), found);

    foldback::fuzz::require(fits == fits_cut, "whether a text fits depends on how it is cut");
    const auto is_same = [](const SseEvent& a, const SseEvent& b) { return a.name == b.name && a.data == b.data; };
    foldback::fuzz::require(std::ranges::equal(expected, found, is_same), "events depend on how the text is cut");
    for (const auto& event : expected) {
        foldback::fuzz::require(event.data.size() <= max_event_bytes, "an event is larger than allowed");
    }
    return 0;
}
