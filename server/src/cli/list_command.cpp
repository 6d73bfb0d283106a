#include <algorithm>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/table.hpp"
#include "cli/transport.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {
namespace {

constexpr std::uint64_t page_streams = 1'000;

struct Page {
    std::vector<nlohmann::ordered_json> streams;
    bool complete = true;
};

Page read_page(Transport& transport, const std::string& target, const std::string& prefix, const std::string& after,
               std::uint64_t limit) {
    const HttpRequest request{.target = fmt::format("{}?prefix={}&after={}&limit={}", target, encode_query(prefix),
                                                    encode_query(after), limit),
                              .repeatable = true};
    const auto response = transport.exchange(request);
    if (response.status == 404) {
        throw Failure(ExitCode::no, fmt::format("the server at {} does not list its streams", transport.name()),
                      "Listing is an extension of Foldback; other Durable Streams servers may lack it.");
    }
    require_success(response, "the list of streams");
    const auto document = nlohmann::ordered_json::parse(response.body, nullptr, false);
    const Failure malformed(ExitCode::unreachable, "the server's list of streams is malformed");
    if (!document.is_object() || !document.contains("streams") || !document["streams"].is_array()) throw malformed;
    Page page;
    page.complete = document.value("complete", true);
    for (const auto& stream : document["streams"]) {
        if (!stream.is_object() || !stream.contains("stream") || !stream["stream"].is_string()) throw malformed;
        page.streams.push_back(stream);
    }
    if (page.streams.empty()) page.complete = true;
    return page;
}

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
    const auto listing = transport->base().listing();
    auto& output = session.output;
    Table table({Align::left, Align::left, Align::left, Align::left});
    std::uint64_t left = command.limit.value_or(UINT64_MAX);
    std::string after;
    bool complete = false;
    while (!complete && left > 0) {
        throw_if_interrupted();
        auto page =
            read_page(*transport, listing.target, listing.prefix + command.prefix, after, std::min(left, page_streams));
        complete = page.complete;
        for (auto& stream : page.streams) {
            after = stream["stream"].get<std::string>();
            // The names as the other verbs want them, below the base URL.
            if (after.starts_with(listing.prefix)) stream["stream"] = after.substr(listing.prefix.size());
            if (output.json()) {
                output.line(json_line(stream));
            } else if (command.long_form) {
                add_row(table, stream);
            } else {
                output.line(text_of(stream, "stream"));
            }
        }
        left -= std::min<std::uint64_t>(left, page.streams.size());
    }
    output.data(table.text());
    return ExitCode::ok;
}

}  // namespace foldback::cli
