// Any text is an event or a clear error; what was read and written again is the same.
#include <map>
#include <optional>
#include <variant>

#include "foldback/core/aggregate.hpp"
#include "foldback/core/codec.hpp"
#include "foldback/core/decimal.hpp"
#include "foldback/core/decode.hpp"
#include "foldback/core/envelope.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using namespace foldback;

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Line {
    std::string sku;
    std::int64_t quantity = 0;
    std::optional<double> weight;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, quantity, weight))

struct Placed {
    std::string customer;
    std::vector<Line> lines;
    std::map<std::string, bool> flags;
    Colour colour = Colour::red;
    Cents total;
    std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(Placed, (), (customer, lines, flags, colour, total, number))

struct Renamed {
    JsonText anything;
};
BOOST_DESCRIBE_STRUCT(Renamed, (), (anything))

using Event = Events<Named<"Placed", 1, Placed>, Named<"Renamed", 1, Renamed>, UnknownEvent>;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Reading reading{.unknown_events = UnknownEvents::skip,
                          .missing_members = data[0] % 2 == 0 ? MissingMembers::refuse : MissingMembers::use_default};
    const std::string text(fuzz::text_of(data + 1, size - 1));
    const auto read = [&](std::string_view message) {
        std::vector<Event> events;
        EnvelopeReader envelope;
        MergersOf<Event> mergers;
        envelope.open(message);
        decode_data<Event>(envelope, reading, mergers, [&](const auto& event) { events.emplace_back(event); });
        return events;
    };
    std::vector<Event> events;
    try {
        events = read(text);
    } catch (const JsonError&) {
        return 0;
    }
    for (const auto& event : events) {
        if (std::holds_alternative<UnknownEvent>(event.variant())) continue;
        const auto written = to_envelope(event);
        const auto again = read(written);
        fuzz::require(again.size() == 1 && to_envelope(again.front()) == written, "what was written reads differently");
    }
    return 0;
}
