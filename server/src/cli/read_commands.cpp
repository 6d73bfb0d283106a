#include <algorithm>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/stream_reader.hpp"
#include "cli/table.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "foldback/store/messages.hpp"

namespace foldback::cli {
namespace {

constexpr std::uint64_t max_page_messages = 10'000;

HttpResponse head_of(Transport& transport, const std::string& stream) {
    const HttpRequest request{
        .method = HttpMethod::head, .target = transport.base().target_of(stream), .repeatable = true};
    auto response = transport.exchange(request);
    require_success(response, stream);
    return response;
}

/// Calls `take` with the messages of a JSON stream, newest first, until it has `limit` or the start is reached. Returns
/// the offset before the last one taken; nothing at the start.
template <class Take>
std::string read_backward(Transport& transport, const std::string& stream, std::string offset,
                          std::optional<std::uint64_t> limit, Take take) {
    for (std::uint64_t taken = 0; !limit || taken < *limit;) {
        throw_if_interrupted();
        const auto page = std::min(limit ? *limit - taken : max_page_messages, max_page_messages);
        const HttpRequest request{.target = fmt::format("{}?offset={}&direction=backward&limit={}",
                                                        transport.base().target_of(stream), encode_query(offset), page),
                                  .repeatable = true};
        const auto response = transport.exchange(request);
        require_success(response, stream);
        offset = require_header(response, "stream-next-offset");
        for (const auto& message : split_json(response.body)) {
            take(message);
            ++taken;
        }
        if (response.says_true("stream-up-to-date")) return {};
    }
    return offset;
}

/// Only where messages are told apart there is a last one.
void require_json_stream(const HttpResponse& head, const std::string& stream) {
    const auto& type = require_header(head, "content-type");
    if (framing_of(type) == Framing::json) return;
    throw Failure(ExitCode::usage,
                  fmt::format("{} ({}) cannot be read from its end: only JSON streams can", stream, printable(type)),
                  fmt::format("foldback read {} --until-end", shell_word(stream)));
}

ExitCode print_backward(const ReadCommand& command, Session session, Transport& transport) {
    const auto head = head_of(transport, command.stream);
    require_json_stream(head, command.stream);
    const bool from_end = command.offset == "-1" || command.offset == "now";
    const auto offset = from_end ? require_header(head, "stream-next-offset") : command.offset;
    MessageWriter writer(session.output, require_header(head, "content-type"), std::nullopt);
    const auto rest = read_backward(transport, command.stream, offset, command.limit,
                                    [&](const std::string& message) { writer.write_message(message); });
    session.output.flush();
    if (!rest.empty()) {
        session.output.note(
            fmt::format("more: foldback read {} --backward --offset {}", shell_word(command.stream), rest));
    }
    return ExitCode::ok;
}

void print_last(const TailCommand& command, Session session, Transport& transport, const HttpResponse& head) {
    const bool is_json = framing_of(require_header(head, "content-type")) == Framing::json;
    const auto last = command.last.value_or(is_json || !command.follow ? 10 : 0);
    if (last == 0) return;
    require_json_stream(head, command.stream);
    std::vector<std::string> messages;
    (void)read_backward(transport, command.stream, require_header(head, "stream-next-offset"), last,
                        [&](const std::string& message) { messages.push_back(message); });
    MessageWriter writer(session.output, require_header(head, "content-type"), std::nullopt);
    std::for_each(messages.rbegin(), messages.rend(),
                  [&](const std::string& message) { writer.write_message(message); });
    session.output.flush();
}

/// Follows, and on ^C says how to go on.
void follow(StreamReader& reader, const std::string& stream, Output& output) {
    try {
        reader.follow();
    } catch (const Interrupted&) {
        if (!reader.offset().empty()) {
            output.note(fmt::format("go on with: foldback read {} --offset {}", shell_word(stream), reader.offset()));
        }
        throw;
    }
    if (reader.is_closed()) output.note(fmt::format("{} is closed", stream));
}

void print_expiry(const HttpResponse& response, nlohmann::ordered_json& document, Table& table) {
    if (const auto* ttl = response.header("stream-ttl")) {
        document["ttl_seconds"] = parse_count(*ttl).value_or(0);
        table.add({"expires", printable(*ttl) + " s after its last use"});
    }
    if (const auto* time = response.header("stream-expires-at")) {
        document["expires_at"] = *time;
        table.add({"expires", printable(*time)});
    }
}

}  // namespace

ExitCode run(const ReadCommand& command, Session session) {
    require_stream_name(command.stream);
    if (command.limit == 0) throw Failure(ExitCode::usage, "--limit must be at least 1");
    const auto transport = open_transport(session.common);
    if (command.backward) return print_backward(command, session, *transport);
    StreamReader reader(*transport, session.output,
                        {.stream = command.stream,
                         .offset = command.offset,
                         .limit = command.limit,
                         .live = command.live,
                         .give_up_after = std::chrono::milliseconds(command.give_up_after_ms)});
    reader.catch_up();
    if (!reader.is_done() && !command.until_end && transport->is_live()) follow(reader, command.stream, session.output);
    if (reader.is_full() && !reader.is_closed() && !reader.offset().empty()) {
        session.output.note(
            fmt::format("more: foldback read {} --offset {}", shell_word(command.stream), reader.offset()));
    }
    return ExitCode::ok;
}

ExitCode run(const TailCommand& command, Session session) {
    require_stream_name(command.stream);
    const auto transport = open_transport(session.common);
    if (command.follow && !transport->is_live()) {
        throw Failure(ExitCode::usage, "a data directory that no server owns does not grow: --follow needs a server");
    }
    const auto head = head_of(*transport, command.stream);
    print_last(command, session, *transport, head);
    if (!command.follow) return ExitCode::ok;
    StreamReader reader(*transport, session.output,
                        {.stream = command.stream,
                         .offset = require_header(head, "stream-next-offset"),
                         .limit = std::nullopt,
                         .live = command.live,
                         .give_up_after = std::chrono::milliseconds(command.give_up_after_ms)});
    reader.catch_up();
    if (!reader.is_done()) follow(reader, command.stream, session.output);
    return ExitCode::ok;
}

ExitCode run(const HeadCommand& command, Session session) {
    require_stream_name(command.stream);
    const auto transport = open_transport(session.common);
    const auto response = head_of(*transport, command.stream);
    nlohmann::ordered_json document{{"stream", command.stream},
                                    {"content_type", require_header(response, "content-type")},
                                    {"next_offset", require_header(response, "stream-next-offset")},
                                    {"closed", response.says_true("stream-closed")}};
    Table table({Align::left, Align::left});
    table.add({"stream", command.stream});
    table.add({"content type", printable(require_header(response, "content-type"))});
    table.add({"next offset", printable(require_header(response, "stream-next-offset"))});
    table.add({"state", response.says_true("stream-closed") ? "closed" : "open"});
    print_expiry(response, document, table);
    if (session.output.json()) {
        session.output.line(json_line(document));
    } else {
        session.output.data(table.text());
    }
    return ExitCode::ok;
}

}  // namespace foldback::cli
