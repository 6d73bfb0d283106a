// Any text as SSE data events, in any parts: a browser reads it back, and it forges nothing.
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"
#include "protocol/event_text.hpp"
#include "server/protocol/sse_parser.hpp"

namespace {

using namespace foldback::server;
using foldback::fuzz::require;

/// What is left of a text: every line end is one LF.
std::string with_plain_line_ends(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\n' && at > 0 && text[at - 1] == '\r') continue;
        plain.push_back(text[at] == '\r' ? '\n' : text[at]);
    }
    return plain;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = foldback::fuzz::text_of(data, size);
    const std::size_t part_bytes = input.empty() ? 1 : 1 + static_cast<unsigned char>(input.front()) % 7;
    std::string out;
    protocol::DataEvent event(out);
    for (std::size_t at = 0; at < input.size(); at += part_bytes) event.text(input.substr(at, part_bytes));
    event.end();

    const auto events = parse_sse(out);
    require(events.size() == 1, "one text is not one event");
    require(events.front().type == "data", "the event is of another type");
    require(events.front().data == with_plain_line_ends(input), "the text arrives as another one");
    return 0;
}
