#include <map>
#include <optional>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "cli/answers.hpp"
#include "cli/export_lines.hpp"
#include "cli/input.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/progress.hpp"
#include "cli/transport.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "protocol/offset_token.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

constexpr std::size_t max_line_bytes = 128 << 20;
constexpr std::size_t batch_bytes = 1 << 20;
constexpr std::uint64_t batch_messages = 1'000;

std::string decoded(std::string_view base64) {
    std::string bytes(base64.size() / 4 * 3 + 3, '\0');
    const auto size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(base64.data()), static_cast<int>(base64.size()));
    const auto padding = base64.ends_with("==") ? 2 : base64.ends_with('=') ? 1 : 0;
    if (size < padding) throw Failure(ExitCode::usage, "a message is not base64");
    bytes.resize(static_cast<std::size_t>(size - padding));
    return bytes;
}

/// Appends line after line as a producer of its own to each stream, so that running it again adds nothing twice: the
/// same lines make the same batches.
class Import {
public:
    Import(const ImportCommand& command, Session session)
        : command_(command),
          session_(session),
          transport_(connect_to_server(session.common)),
          display_(session.output, "importing", ProgressUnit::bytes, session.common.progress) {}

    ExitCode run() {
        Input input(command_.file);
        while (const auto line = input.read_line(max_line_bytes)) {
            throw_if_interrupted();
            if (!line->empty()) take(*line);
            display_.update(input.bytes_read(), input.size());
        }
        display_.clear();
        if (end_.empty()) {
            // The last batch is not sent: the whole export would make another one of that number, which would be taken
            // for a repetition.
            throw Failure(ExitCode::no, "the lines end before the export did: it was cut off",
                          "Finish it with `foldback export --all --file FILE --resume`, then import again.");
        }
        return report();
    }

private:
    struct Stream {
        std::string content_type;
        std::uint64_t seq = 0;
        /// Closed before: by an import that came to its end, or by somebody else, which the number tells.
        std::optional<std::uint64_t> closed_at{};
        std::uint64_t seen = 0;  ///< messages (JSON) or bytes
    };

    void take(std::string_view line) {
        if (is_message(line)) return take_message(parse_exported(line));
        send();
        const auto document = Document::parse(line, nullptr, false);
        if (document.contains("create")) {
            create(document);
        } else if (document.contains("close")) {
            close(document["close"].get<std::string>());
        } else if (document.contains("end")) {
            end_ = document["end"].value("position", std::string());
        } else {
            throw Failure(ExitCode::usage,
                          fmt::format("\"{}\" is not a line of an export", printable(line.substr(0, 80))));
        }
    }

    void take_message(const ExportedMessage& message) {
        if (message.stream != stream_ || count_ == batch_messages || body_.size() >= batch_bytes) send();
        stream_ = message.stream;
        if (message.is_json) {
            body_.append(count_ == 0 ? "[" : ",").append(message.data);
        } else {
            body_ += decoded(message.base64);
        }
        is_json_ = message.is_json;
        ++count_;
        ++messages_;
    }

    void send() {
        if (count_ == 0) return;
        if (is_json_) body_ += ']';
        const auto found = streams_.find(stream_);
        if (found == streams_.end()) {
            throw Failure(ExitCode::usage, fmt::format("{} has messages, but no line creates it", printable(stream_)));
        }
        auto& stream = found->second;
        stream.seen += is_json_ ? count_ : body_.size();
        HttpRequest request{.method = HttpMethod::post,
                            .target = transport_->base().target_of(stream_),
                            .headers = {{"Content-Type", stream.content_type},
                                        {"Producer-Id", command_.id},
                                        {"Producer-Epoch", "0"},
                                        {"Producer-Seq", std::to_string(stream.seq++)}},
                            .body = std::move(body_),
                            .repeatable = true};
        if (!command_.dry_run && !stream.closed_at) require_success(transport_->exchange(request), stream_);
        body_.clear();
        count_ = 0;
    }

    void create(const Document& line) {
        const auto name = line["create"].get<std::string>();
        require_stream_name(name);
        const auto type = line.value("content_type", std::string("application/octet-stream"));
        streams_[name] = {.content_type = type};
        HttpRequest request{
            .method = HttpMethod::put, .target = transport_->base().target_of(name), .repeatable = true};
        request.headers.emplace_back("Content-Type", type);
        if (line.contains("ttl_seconds")) request.headers.emplace_back("Stream-TTL", line["ttl_seconds"].dump());
        if (line.contains("expires_at")) {
            request.headers.emplace_back("Stream-Expires-At", line["expires_at"].get<std::string>());
        }
        if (command_.dry_run) return;
        const auto response = transport_->exchange(request);
        if (response.status == 409) streams_[name].closed_at = where_closed(name);
        if (!streams_[name].closed_at) require_success(response, name);
    }

    /// Where a closed stream ends; absent when it is open.
    [[nodiscard]] std::optional<std::uint64_t> where_closed(const std::string& name) {
        const auto response = transport_->exchange(
            {.method = HttpMethod::head, .target = transport_->base().target_of(name), .repeatable = true});
        if (response.status != 200 || !response.says_true("stream-closed")) return std::nullopt;
        const auto point = server::protocol::parse_offset_token(require_header(response, "stream-next-offset"));
        return point ? std::optional(point->offset.value) : std::nullopt;
    }

    void close(const std::string& name) {
        const auto& stream = streams_[name];
        if (stream.closed_at && stream.seen != *stream.closed_at) {
            throw Failure(ExitCode::conflict,
                          fmt::format("{} is there already, closed, with other content", printable(name)));
        }
        HttpRequest request{
            .method = HttpMethod::post, .target = transport_->base().target_of(name), .repeatable = true};
        request.headers.emplace_back("Stream-Closed", "true");
        if (!command_.dry_run) require_success(transport_->exchange(request), name);
    }

    /// One past the store's last message, as text.
    [[nodiscard]] std::string position_there() {
        auto target = transport_->base().listing().target;
        target.replace(target.size() - 7, 7, "feed");
        const auto response = transport_->exchange({.method = HttpMethod::head, .target = target, .repeatable = true});
        const auto* position = response.header("stream-next-offset");
        return position == nullptr ? std::string() : *position;
    }

    ExitCode report() {
        const bool same = !command_.dry_run && position_there() == end_;
        auto& output = session_.output;
        if (output.json()) {
            output.line(json_line(Document{{"streams", streams_.size()},
                                           {"messages", messages_},
                                           {"same_positions", same},
                                           {"dry_run", command_.dry_run}}));
        } else if (!output.quiet()) {
            output.line(fmt::format("{} messages of {} streams{}", format_count(messages_),
                                    format_count(streams_.size()),
                                    command_.dry_run ? ": nothing was written"
                                    : same           ? "; the store ends at the same position"
                                                     : "; positions differ, the order is the same"));
        }
        return ExitCode::ok;
    }

    const ImportCommand& command_;
    Session session_;
    std::unique_ptr<Transport> transport_;
    ProgressDisplay display_;
    std::map<std::string, Stream> streams_;
    std::string stream_;  ///< of the batch
    std::string body_;
    std::uint64_t count_ = 0;
    bool is_json_ = false;
    std::uint64_t messages_ = 0;
    std::string end_;
};

}  // namespace

ExitCode run(const ImportCommand& command, Session session) { return Import(command, session).run(); }

}  // namespace foldback::cli
