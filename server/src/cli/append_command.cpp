#include <algorithm>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/input.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/progress.hpp"
#include "cli/transport.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "foldback/store/messages.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t max_document_bytes = 64 << 20;
constexpr const char* json_type = "application/json";

/// The escapes that the protocol's reference command line understands in arguments.
std::string without_escapes(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto next = at + 1 < text.size() ? text[at + 1] : '\0';
        const bool escaped =
            text[at] == '\\' && std::string_view("ntr\\").find(next) != std::string_view::npos && next != '\0';
        if (!escaped) {
            result += text[at];
            continue;
        }
        result += next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : '\\';
        ++at;
    }
    return result;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// The server has limits of its own and says so.
constexpr JsonLimits any_json{.max_depth = 1 << 20, .max_messages = SIZE_MAX};

std::uint64_t count_messages(std::string_view json) { return Messages::json(json, any_json)->count(); }

/// Throws Failure (usage) unless the text is one JSON value.
void require_json(std::string_view text, const std::string& what) {
    const auto messages = Messages::json(text, any_json);
    if (!messages) throw Failure(ExitCode::usage, fmt::format("{} is not JSON: {}", what, messages.error().problem));
}

/// Sends the pieces of one `append` and counts what the server took.
class Appender {
public:
    Appender(const AppendCommand& command, Session session)
        : command_(command), session_(session), transport_(connect_to_server(session.common)) {
        type_ = command.content_type.text;
        if (type_.empty()) type_ = command.ndjson || command.batch_json ? json_type : type_of_stream();
    }

    [[nodiscard]] bool is_json() const { return framing_of(type_) == Framing::json; }

    /// One append. `closes` is asked for only with the last.
    void send(std::string body, std::uint64_t messages, bool closes) {
        HttpRequest request{.method = HttpMethod::post, .target = transport_->base().target_of(command_.stream)};
        const auto bytes = body.size();
        if (bytes > 0) request.headers.emplace_back("Content-Type", type_);
        request.body = std::move(body);
        if (closes) request.headers.emplace_back("Stream-Closed", "true");
        add_conditions(request);
        if (batches_ > 0 && !command_.stream_seq.empty()) {
            throw Failure(ExitCode::usage, "--stream-seq goes with one append, and the input needs several");
        }
        throw_if_interrupted();
        const auto response = transport_->exchange(request);
        require_success(response, command_.stream);
        next_offset_ = require_header(response, "stream-next-offset");
        closed_ = response.says_true("stream-closed");
        ++batches_;
        const bool duplicate = request.repeatable && response.status == 204;
        (duplicate ? duplicates_ : taken_) += is_json() ? messages : bytes;
    }

    void report() const {
        auto& output = session_.output;
        if (output.json()) {
            nlohmann::ordered_json document{{"stream", command_.stream}};
            document[is_json() ? "messages" : "bytes"] = taken_;
            if (!command_.producer_id.empty()) document["duplicates"] = duplicates_;
            document["next_offset"] = next_offset_;
            document["closed"] = closed_;
            output.line(json_line(document));
        } else if (!output.quiet()) {
            output.line(
                fmt::format("Wrote {} to stream \"{}\"{}{} (next offset {})", amount(), command_.stream,
                            duplicates_ > 0 ? fmt::format(", {} were there already", format_count(duplicates_)) : "",
                            closed_ ? " and closed it" : "", next_offset_));
        }
    }

    /// What to know after a failure in the middle.
    void report_interruption() const {
        if (batches_ == 0) return;
        session_.output.note(fmt::format("{} had been written before (next offset {}).{}", amount(), next_offset_,
                                         command_.producer_id.empty() ? "" : " The same command goes on from there."));
    }

private:
    [[nodiscard]] std::string amount() const {
        if (!is_json()) return format_bytes(taken_);
        return fmt::format("{} message{}", format_count(taken_), taken_ == 1 ? "" : "s");
    }

    [[nodiscard]] std::string type_of_stream() {
        const HttpRequest request{
            .method = HttpMethod::head, .target = transport_->base().target_of(command_.stream), .repeatable = true};
        const auto response = transport_->exchange(request);
        require_success(response, command_.stream);
        return require_header(response, "content-type");
    }

    void add_conditions(HttpRequest& request) {
        // The second and later batches follow the first: their expected offset is what that one answered.
        if (!command_.expected_offset.empty()) {
            const auto& expected = batches_ == 0 ? command_.expected_offset : next_offset_;
            request.headers.emplace_back("If-Match", fmt::format("\"{}\"", expected));
        }
        if (!command_.stream_seq.empty()) request.headers.emplace_back("Stream-Seq", command_.stream_seq);
        if (command_.producer_id.empty()) return;
        request.headers.emplace_back("Producer-Id", command_.producer_id);
        request.headers.emplace_back("Producer-Epoch", std::to_string(command_.producer_epoch));
        request.headers.emplace_back("Producer-Seq", std::to_string(batches_));
        request.repeatable = true;
    }

    const AppendCommand& command_;
    Session session_;
    std::unique_ptr<Transport> transport_;
    std::string type_;
    std::string next_offset_;
    bool closed_ = false;
    std::uint64_t batches_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t duplicates_ = 0;
};

void append_words(const AppendCommand& command, Appender& appender) {
    auto content = fmt::format("{}", fmt::join(command.words, " "));
    if (!appender.is_json()) return appender.send(without_escapes(content), 1, command.close);
    require_json(content, "the content");
    const auto count = command.batch_json ? count_messages(content) : 1;
    appender.send(command.batch_json ? content : fmt::format("[{}]", content), count, command.close);
}

void append_document(const AppendCommand& command, Appender& appender, Input& input) {
    auto content = input.read(max_document_bytes + 1);
    if (content.size() > max_document_bytes) {
        throw Failure(ExitCode::usage, "the input is larger than 64 MiB", "If each line is a message, add --ndjson.");
    }
    if (is_blank(content)) throw Failure(ExitCode::usage, "the input is empty: there is nothing to append");
    require_json(content, "the input");
    const auto count = command.batch_json ? count_messages(content) : 1;
    appender.send(command.batch_json ? content : fmt::format("[{}]", content), count, command.close);
}

void append_bytes(const AppendCommand& command, Appender& appender, Input& input, ProgressDisplay& progress) {
    auto piece = input.read(command.batch_bytes);
    if (piece.empty()) throw Failure(ExitCode::usage, "the input is empty: there is nothing to append");
    while (!piece.empty()) {
        auto next = input.read(command.batch_bytes);
        appender.send(std::move(piece), 1, command.close && next.empty());
        progress.update(input.bytes_read() - next.size(), input.size());
        piece = std::move(next);
    }
}

void append_lines(const AppendCommand& command, Appender& appender, Input& input, ProgressDisplay& progress) {
    std::string batch;
    std::uint64_t messages = 0;
    std::uint64_t line_number = 0;
    bool sent = false;
    const auto send = [&](bool last) {
        if (messages == 0) return;
        appender.send("[" + std::exchange(batch, {}) + "]", std::exchange(messages, 0), last && command.close);
        sent = true;
        progress.update(input.bytes_read(), input.size());
    };
    // With a producer id the batches must be cut alike every time, so only by their size.
    const bool waits_for_more = command.close || !command.producer_id.empty();
    while (auto line = input.read_line(max_document_bytes)) {
        ++line_number;
        if (is_blank(*line)) continue;
        require_json(*line, fmt::format("line {}", line_number));
        if (messages > 0 && (messages >= command.batch_messages || batch.size() + line->size() > command.batch_bytes))
            send(false);
        if (messages++ > 0) batch += ',';
        batch += *line;
        if (!waits_for_more && input.would_wait()) send(false);
    }
    send(true);
    if (!sent) throw Failure(ExitCode::usage, "the input is empty: there is nothing to append");
}

void append_input(const AppendCommand& command, Session session, Appender& appender) {
    Input input(command.file.empty() ? "-" : command.file);
    if (input.is_terminal() && command.file.empty() && command.close) return appender.send({}, 0, true);
    if (input.is_terminal() && command.file.empty()) {
        throw Failure(ExitCode::usage, "nothing to append: give it as words, with --file, or through a pipe",
                      fmt::format("An example: echo '{{\"type\":\"Greeted\"}}' | foldback append {}",
                                  shell_word(command.stream)));
    }
    if (appender.is_json() && !command.ndjson) return append_document(command, appender, input);
    ProgressDisplay progress(session.output, "appending", ProgressUnit::bytes, session.common.progress);
    if (command.ndjson) return append_lines(command, appender, input, progress);
    append_bytes(command, appender, input, progress);
}

}  // namespace

ExitCode run(const AppendCommand& command, Session session) {
    require_stream_name(command.stream);
    if (!command.words.empty() && !command.file.empty()) {
        throw Failure(ExitCode::usage, "give the content as words or with --file, not both");
    }
    if (!command.words.empty() && command.ndjson) {
        throw Failure(ExitCode::usage, "--ndjson reads lines from --file or standard input, not from words");
    }
    Appender appender(command, session);
    if (command.ndjson && !appender.is_json()) throw Failure(ExitCode::usage, "--ndjson appends to JSON streams only");
    try {
        if (command.words.empty()) {
            append_input(command, session, appender);
        } else {
            append_words(command, appender);
        }
    } catch (...) {
        appender.report_interruption();
        throw;
    }
    appender.report();
    return ExitCode::ok;
}

}  // namespace foldback::cli
