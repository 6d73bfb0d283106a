#include "cli/answers.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/units.hpp"
#include "foldback/store/types.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t max_detail_bytes = 500;

/// What the server says about the error.
struct Explanation {
    std::string code;    ///< of a problem document; may be empty
    std::string detail;  ///< one line; may be empty
};

Explanation explanation_of(const HttpResponse& response) {
    const auto* type = response.header("content-type");
    if (type != nullptr && type->starts_with("application/problem+json")) {
        const auto document = nlohmann::json::parse(response.body, nullptr, false);
        if (document.is_object()) {
            const auto text = [&document](const char* key) {
                const auto found = document.find(key);
                return found != document.end() && found->is_string() ? printable(found->get<std::string>())
                                                                     : std::string{};
            };
            auto detail = text("detail");
            return {text("code"), detail.empty() ? text("title") : detail};
        }
    }
    const auto line = std::string_view(response.body).substr(0, std::min(response.body.find('\n'), max_detail_bytes));
    return {{}, printable(line)};
}

std::string or_else(std::string text, std::string fallback) {
    return text.empty() ? std::move(fallback) : std::move(text);
}

std::string header_or(const HttpResponse& response, std::string_view name, std::string fallback) {
    const auto* value = response.header(name);
    return value == nullptr ? std::move(fallback) : printable(*value);
}

Failure conflict(const HttpResponse& response, const std::string& stream, const Explanation& said) {
    const auto word = shell_word(stream);
    if (response.says_true("stream-closed")) {
        return {
            ExitCode::conflict,
            fmt::format("{} is closed (final offset {})", stream, header_or(response, "stream-next-offset", "unknown")),
            fmt::format("Read it with: foldback read {} --until-end", word)};
    }
    if (response.status == 412) {
        return {ExitCode::conflict,
                fmt::format("{} does not end at the expected offset, but at {}", stream,
                            header_or(response, "stream-next-offset", "another")),
                fmt::format("Look what came in between: foldback read {} --until-end --offset YOUR_OFFSET", word)};
    }
    if (said.code == "content-type") {
        return {ExitCode::conflict, fmt::format("{}: {}", stream, said.detail),
                fmt::format("Its content type: foldback head {}", word)};
    }
    if (said.code == "sequence-gap") {
        return {ExitCode::conflict,
                fmt::format("{}: the producer's append {} is due, not {}", stream,
                            header_or(response, "producer-expected-seq", "another"),
                            header_or(response, "producer-received-seq", "this")),
                "Use the same input and batch size as the first time, or a greater --producer-epoch."};
    }
    return {ExitCode::conflict, fmt::format("{}: {}", stream, or_else(said.detail, "the server reports a conflict")),
            fmt::format("What is there now: foldback head {}", word)};
}

}  // namespace

Failure failure_of(const HttpResponse& response, const std::string& stream) {
    const auto said = explanation_of(response);
    const auto detail = or_else(said.detail, fmt::format("the server answered with status {}", response.status));
    switch (response.status) {
        case 400: return {ExitCode::usage, fmt::format("{}: {}", stream, detail)};
        case 401:
            return {ExitCode::not_allowed, fmt::format("{}: {}", stream, detail),
                    "Give your credentials in STREAM_AUTH, such as \"Bearer …\"."};
        case 403:
            if (const auto* epoch = response.header("producer-epoch")) {
                return {ExitCode::conflict,
                        fmt::format("{}: another producer of this id has taken over with epoch {}", stream,
                                    printable(*epoch)),
                        "To take over again, give a greater --producer-epoch."};
            }
            return {ExitCode::not_allowed, fmt::format("{}: {}", stream, detail),
                    "Other credentials go into STREAM_AUTH."};
        case 404:
            if (said.code == "source-not-found")
                return {ExitCode::not_found, detail, "The streams there are: foldback list"};
            return {ExitCode::not_found, fmt::format("there is no stream {}", stream),
                    fmt::format("Create it: foldback create {}    The streams there are: foldback list",
                                shell_word(stream))};
        case 408:
        case 504: return {ExitCode::timed_out, fmt::format("{}: {}", stream, detail)};
        case 409:
        case 412: return conflict(response, stream, said);
        case 410:
            if (said.code == "truncated") {
                return {ExitCode::not_found, fmt::format("{}: {}", stream, detail),
                        fmt::format("From the earliest on: foldback read {}", shell_word(stream))};
            }
            return {ExitCode::not_found, fmt::format("{} is deleted; its data stays only for its forks", stream)};
        case 413:
            return {ExitCode::usage, fmt::format("{}: {}", stream, detail),
                    "Send less at once (--batch-bytes), or raise the server's --max-body-bytes."};
        case 507:
            return {ExitCode::no, fmt::format("{}: {}", stream, detail),
                    "The server's disk is full; it still answers reads."};
        default: break;
    }
    if (response.status >= 400 && response.status < 500 && response.status != 429) {
        return {ExitCode::usage, fmt::format("{}: {}", stream, detail)};
    }
    return {ExitCode::no, fmt::format("{}: {} (status {})", stream, detail, response.status)};
}

Failure failure_of(const HttpError& error) {
    switch (error.kind()) {
        case HttpError::Kind::connect:
            return {ExitCode::unreachable, error.what(),
                    "Is a server running? Start one: foldback serve. Its address comes from --url, else STREAM_URL."};
        case HttpError::Kind::timeout:
            return {ExitCode::timed_out, error.what(),
                    error.sent()
                        ? "It is unknown whether the server did what it was asked. Allow more time with --timeout-ms."
                        : "Allow more time with --timeout-ms."};
        case HttpError::Kind::broken:
            return {ExitCode::unreachable, error.what(),
                    error.sent()
                        ? "It is unknown whether the server did what it was asked: look before you repeat a write."
                        : ""};
        case HttpError::Kind::malformed:
            return {ExitCode::unreachable, error.what(), "Is this the address of a Durable Streams server?"};
    }
    return {ExitCode::unreachable, error.what()};
}

void require_success(const HttpResponse& response, const std::string& stream) {
    if (response.status >= 200 && response.status < 300) return;
    if (response.status < 400) {
        throw Failure(ExitCode::unreachable,
                      fmt::format("{}: the server answered with status {}", stream, response.status),
                      "Is this the address of a Durable Streams server?");
    }
    throw failure_of(response, stream);
}

const std::string& require_header(const HttpResponse& response, std::string_view name) {
    if (const auto* value = response.header(name)) return *value;
    throw Failure(ExitCode::unreachable, fmt::format("the answer lacks the header {}", name),
                  "Is this the address of a Durable Streams server?");
}

void require_stream_name(const std::string& stream) {
    const auto problem = StreamPath::problem_with(stream);
    if (!problem.empty()) {
        throw Failure(ExitCode::usage,
                      fmt::format("\"{}\" cannot be the name of a stream: {}", printable(stream), problem));
    }
}

std::string shell_word(const std::string& word) {
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) != 0 ||
               std::string_view("-_./:@%+=,").find(letter) != std::string_view::npos;
    });
    if (plain) return word;
    std::string quoted = "'";
    for (const char letter : word) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return quoted + "'";
}

}  // namespace foldback::cli
