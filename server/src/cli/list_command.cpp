#include <algorithm>

#include "cli/json_line.hpp"
#include "cli/stream_listing.hpp"
#include "cli/table.hpp"
#include "cli/transport.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {
namespace {

constexpr std::uint64_t page_streams = 1'000;

std::string text_of(const nlohmann::ordered_json& stream, const char* key) {
    const auto found = stream.find(key);
    if (found == stream.end()) return {};
    return printable(found->is_string() ? found->get<std::string>() : found->dump());
}

void add_row(Table& table, const nlohmann::ordered_json& stream) {
    auto state = text_of(stream, "closed") == "true" ? std::string("closed") : std::string("open");
    if (const auto source = text_of(stream, "forked_from"); !source.empty()) state += ", fork of " + source;
    table.add({text_of(stream, "stream"), text_of(stream, "content_type"), text_of(stream, "next_offset"), state});
}

}  // namespace

ExitCode run(const ListCommand& command, Session session) {
    const auto transport = open_transport(session.common);
    auto& output = session.output;
    StreamListing listing(*transport, command.prefix);
    Table table({Align::left, Align::left, Align::left, Align::left});
    std::uint64_t left = command.limit.value_or(UINT64_MAX);
    while (!listing.is_complete() && left > 0) {
        const auto streams = listing.next(std::min(left, page_streams));
        for (const auto& stream : streams) {
            if (output.json()) {
                output.line(json_line(stream));
            } else if (command.long_form) {
                add_row(table, stream);
            } else {
                output.line(text_of(stream, "stream"));
            }
        }
        left -= std::min<std::uint64_t>(left, streams.size());
    }
    output.data(table.text());
    return ExitCode::ok;
}

}  // namespace foldback::cli
