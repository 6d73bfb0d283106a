#include "subscriptions/commands.hpp"

#include <algorithm>
#include <optional>
#include <variant>

#include "protocol/base_url.hpp"
#include "protocol/header_values.hpp"
#include "subscriptions/glob.hpp"
#include "subscriptions/journal.hpp"

namespace foldback::server::subscriptions {

namespace {

constexpr std::size_t max_worker_bytes = 256;

/// A path taken apart: `<id>`, `<id>/<action>`, `<id>/streams/<stream>`.
struct Parts {
    std::string_view id;
    std::string_view action;
    std::string_view stream;
};

Parts take_apart(std::string_view path) {
    Parts parts;
    parts.id = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), parts.id.size() + 1));
    parts.action = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), parts.action.size() + 1));
    parts.stream = path;
    return parts;
}

bool is_action(const Parts& parts) {
    for (const auto action : {"callback", "claim", "ack", "release"}) {
        if (parts.action == action) return parts.stream.empty();
    }
    return false;
}

Checked<std::string> bearer_token(const Request& request) {
    const auto* header = request.header("authorization");
    constexpr std::string_view scheme = "Bearer ";
    if (header == nullptr || request.count("authorization") != 1 || !header->starts_with(scheme)) {
        return reject(code::token_invalid, "The request needs the header Authorization: Bearer <token>.");
    }
    return header->substr(scheme.size());
}

Checked<WakeReference> parse_wake(const JsonBody& body) {
    const auto id = body.text("wake_id");
    if (!id) return id.error();
    const auto generation = body.number("generation");
    if (!generation) return generation.error();
    if (!*id || !*generation) return reject(code::invalid_request, "The body needs wake_id and generation.");
    return WakeReference{.wake_id = **id, .generation = **generation};
}

Checked<Command> parse_put(const Request& request, LocalWebhooks local) {
    auto configuration = parse_configuration(request.body, local);
    if (!configuration) return configuration.error();
    return Put{std::move(*configuration), protocol::base_url_of(request)};
}

Checked<Command> parse_add(const Request& request) {
    const auto body = JsonBody::parse(request.body);
    if (!body) return body.error();
    auto streams = body->paths("streams");
    if (!streams) return streams.error();
    if (streams->empty()) return reject(code::invalid_request, "The body needs streams.");
    return AddStreams{std::move(*streams)};
}

Checked<Command> parse_remove(std::string_view stream) {
    auto path = parse_path(stream);
    if (!path) return path.error();
    return RemoveStream{std::move(*path)};
}

Checked<Command> parse_claim(const Request& request) {
    const auto body = JsonBody::parse(request.body);
    if (!body) return body.error();
    auto worker = body->text("worker");
    if (!worker) return worker.error();
    if (!*worker || (*worker)->empty() || (*worker)->size() > max_worker_bytes) {
        return reject(code::invalid_request, "The body needs a worker: 1 to {} bytes.", max_worker_bytes);
    }
    return Claim{std::move(**worker)};
}

Checked<Command> parse_report(const Request& request, Delivery from) {
    auto token = bearer_token(request);
    if (!token) return token.error();
    const auto body = JsonBody::parse(request.body);
    if (!body) return body.error();
    auto wake = parse_wake(*body);
    if (!wake) return wake.error();
    auto acks = body->acks();
    if (!acks) return acks.error();
    const auto done = body->flag("done");
    if (!done) return done.error();
    return Report{.from = from,
                  .token = std::move(*token),
                  .progress = {.wake = std::move(*wake), .acks = std::move(*acks), .done = *done}};
}

Checked<Command> parse_release(const Request& request) {
    auto token = bearer_token(request);
    if (!token) return token.error();
    const auto body = JsonBody::parse(request.body);
    if (!body) return body.error();
    auto wake = parse_wake(*body);
    if (!wake) return wake.error();
    return Release{.token = std::move(*token), .wake = std::move(*wake)};
}

Checked<Command> parse(const Request& request, const Parts& parts, LocalWebhooks local) {
    if (parts.action.empty()) {
        if (request.method == Method::put) return parse_put(request, local);
        if (request.method == Method::remove) return Delete{};
        return Get{protocol::base_url_of(request)};
    }
    if (parts.action == "streams") return parts.stream.empty() ? parse_add(request) : parse_remove(parts.stream);
    if (parts.action == "claim") return parse_claim(request);
    if (parts.action == "release") return parse_release(request);
    return parse_report(request, parts.action == "callback" ? Delivery::webhook : Delivery::pull_wake);
}

bool may_follow(const Principal& principal, std::string_view stream) {
    return principal.may(Verb::read, stream) && principal.may(Verb::subscribe, stream);
}

bool may_follow_all(const Principal& principal, const std::vector<std::string>& streams) {
    return std::ranges::all_of(streams, [&](const auto& stream) { return may_follow(principal, stream); });
}

/// Whether it may follow paths that a pattern matches by its wildcards alone, whatever stands there, `**` for any number
/// of segments up to more than a grant is likely to count out.
bool may_follow_pattern(const Principal& principal, std::string_view pattern) {
    constexpr int deepest = 32;
    constexpr std::string_view whatever = "\xEE\x80\x80";  // U+E000, which nobody names streams or grants by
    for (int depth = 0; depth <= deepest; ++depth) {
        std::string path;
        const auto add = [&](std::string_view segment) { path.append(path.empty() ? "" : "/").append(segment); };
        for (auto rest = pattern; !rest.empty();) {
            const auto segment = take_segment(rest);
            for (int i = 0; segment == "**" && i < depth; ++i) add(whatever);
            if (segment != "**") add(segment == "*" ? whatever : segment);
        }
        if (!path.empty() && !may_follow(principal, path)) return false;
    }
    return true;
}

}  // namespace

bool may_command(const Principal& principal, const Addressed& addressed) {
    if (const auto* put = std::get_if<Put>(&addressed.command)) {
        const auto& wanted = put->configuration;
        if (wanted.webhook_url && !principal.may(Verb::webhook, "__ds/subscriptions/" + addressed.id)) return false;
        if (wanted.wake_stream && !principal.may(Verb::append, *wanted.wake_stream)) return false;
        if (wanted.pattern && !may_follow_pattern(principal, *wanted.pattern)) return false;
        return may_follow_all(principal, wanted.streams);
    }
    const auto* added = std::get_if<AddStreams>(&addressed.command);
    return added == nullptr || may_follow_all(principal, added->streams);
}

bool wants_wake_token(std::string_view path) noexcept {
    const auto parts = take_apart(path);
    return is_action(parts) && parts.action != "claim" && !path.ends_with('/');
}

std::string_view methods_of(std::string_view path) noexcept {
    const auto parts = take_apart(path);
    if (parts.id.empty()) return {};
    if (parts.action.empty()) return "GET, PUT, DELETE, OPTIONS";
    if (parts.action == "streams") return parts.stream.empty() ? "POST, OPTIONS" : "DELETE, OPTIONS";
    return is_action(parts) ? "POST, OPTIONS" : std::string_view();
}

Checked<Addressed> parse_command(const Request& request, std::string_view path, LocalWebhooks local) {
    const auto parts = take_apart(path);
    if (methods_of(path).empty()) return reject(code::not_found, "There is nothing at this path.");
    if (const auto problem = problem_with_id(parts.id); !problem.empty()) {
        return reject(code::invalid_request, "The subscription's id is refused: {}.", problem);
    }
    auto command = parse(request, parts, local);
    if (!command) return command.error();
    return Addressed{std::string(parts.id), std::move(*command)};
}

}  // namespace foldback::server::subscriptions
