#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/export_lines.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/message_writer.hpp"
#include "cli/progress.hpp"
#include "cli/stream_listing.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "protocol/base64.hpp"
#include "protocol/offset_token.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

constexpr std::uint64_t page_messages = 1'000;

/// Where the lines go: standard output, or a file that is written from its last whole line on.
class Lines {
public:
    Lines(Output& output, const ExportAllCommand& command) : output_(output) {
        if (command.file.empty()) return;
        if (command.resume) keep_whole_lines(command.file);
        file_.open(command.file, std::ios::binary | (command.resume ? std::ios::app : std::ios::trunc));
        if (!file_) throw Failure(ExitCode::no, fmt::format("cannot write {}", command.file));
    }

    /// What an earlier run had written.
    [[nodiscard]] const ExportedSoFar& earlier() const noexcept { return earlier_; }

    void add(std::string_view line) {
        if (!file_.is_open()) return output_.line(line);
        file_.write(line.data(), static_cast<std::streamsize>(line.size())).put('\n');
        if (!file_) throw Failure(ExitCode::no, "the file cannot be written", "Make room, then go on with --resume.");
    }
    void finish() {
        if (file_.is_open() && !file_.flush()) throw Failure(ExitCode::no, "the file cannot be written");
    }

private:
    void keep_whole_lines(const std::string& name) {
        std::ifstream reading(name, std::ios::binary);
        std::uintmax_t whole = 0;
        std::uintmax_t created_at = 0;  ///< where the last stream's creation begins
        for (std::string line; std::getline(reading, line) && !reading.eof(); whole += line.size() + 1) {
            if (!is_message(line)) created_at = whole;
            earlier_.note(line);
        }
        if (reading.bad()) throw Failure(ExitCode::no, fmt::format("cannot read {}", name));
        if (earlier_.forget_unfinished()) whole = created_at;
        std::error_code error;
        if (!std::filesystem::exists(name, error)) return;
        std::filesystem::resize_file(name, whole, error);
        if (error) throw Failure(ExitCode::no, fmt::format("cannot write {}: {}", name, error.message()));
    }

    Output& output_;
    std::ofstream file_;
    ExportedSoFar earlier_;
};

class ExportAll {
public:
    ExportAll(const ExportAllCommand& command, Session session)
        : command_(command),
          session_(session),
          transport_(open_transport(session.common)),
          lines_(session.output, command),
          display_(session.output, "exporting", ProgressUnit::messages, session.common.progress) {}

    ExitCode run() {
        if (lines_.earlier().ended) {
            session_.output.note("the file is complete: there is nothing to go on with");
            return ExitCode::ok;
        }
        created_ = lines_.earlier().created;
        messages_ = lines_.earlier().messages;
        const auto end = feed_end();
        list_streams();
        export_messages(end);
        for (const auto& [name, stream] : streams_) create(name);
        for (const auto& [name, stream] : streams_) {
            if (stream.value("closed", false)) lines_.add(json_line({{"close", name}}));
        }
        lines_.add(json_line({{"end", {{"position", end}, {"streams", streams_.size()}, {"messages", messages_}}}}));
        lines_.finish();
        display_.clear();
        session_.output.note(
            fmt::format("{} messages of {} streams", format_count(messages_), format_count(streams_.size())));
        return ExitCode::ok;
    }

private:
    void list_streams() {
        constexpr std::uint64_t page_streams = 1'000;
        StreamListing listing(*transport_, command_.prefix);
        while (!listing.is_complete()) {
            for (auto& stream : listing.next(page_streams)) {
                const auto name = stream.at("stream").get<std::string>();
                streams_.emplace(name, std::move(stream));
            }
        }
    }

    [[nodiscard]] std::string feed_target() const {
        const auto listing = transport_->base().listing();
        if (!listing.prefix.empty()) {
            throw Failure(ExitCode::usage, "all streams are exported from the server's base URL", "Use --prefix.");
        }
        return listing.target.substr(0, listing.target.size() - std::string_view("streams").size()) + "feed";
    }

    [[nodiscard]] std::string feed_end() const {
        const auto response =
            transport_->exchange({.method = HttpMethod::head, .target = feed_target(), .repeatable = true});
        require_success(response, "the feed");
        return require_header(response, "stream-next-offset");
    }

    /// Positions are as long as one another: as texts they lie as they do as numbers.
    void export_messages(const std::string& end) {
        const auto target = feed_target();
        auto from = lines_.earlier().next_position.empty() ? std::string("-1") : lines_.earlier().next_position;
        const auto total = parse_count(end).value_or(0);
        while (from < end) {
            throw_if_interrupted();
            const auto response =
                transport_->exchange({.target = fmt::format("{}?position={}&limit={}&prefix={}", target, from,
                                                            page_messages, encode_query(command_.prefix)),
                                      .repeatable = true});
            require_success(response, "the feed");
            for (const auto& line : split_json(response.body)) {
                const auto message = parse_exported(line);
                if (message.position >= end) continue;
                create(message.stream);
                lines_.add(line);
                ++messages_;
            }
            from = require_header(response, "stream-next-offset");
            display_.update(parse_count(from).value_or(0), total);
        }
    }

    /// The line that creates a stream, once. What a fork shares becomes its own.
    void create(const std::string& name) {
        if (!created_.insert(name).second) return;
        const auto found = streams_.find(name);
        if (found == streams_.end()) {
            throw Failure(ExitCode::conflict, fmt::format("{} was created while all was exported", name), "Try again.");
        }
        const auto& stream = found->second;
        Document line{{"create", name}, {"content_type", stream.at("content_type")}};
        for (const auto* key : {"ttl_seconds", "expires_at", "first"}) {
            if (stream.contains(key)) line[key] = stream[key];
        }
        lines_.add(json_line(line));
        if (stream.contains("fork_offset")) inherit(name, stream);
    }

    void inherit(const std::string& name, const Document& stream) {
        const auto fork = server::protocol::parse_offset_token(stream["fork_offset"].get<std::string>());
        if (!fork) throw Failure(ExitCode::unreachable, "the server's list of streams is malformed");
        const auto first = stream.value("first", std::uint64_t{0});
        auto left = fork->offset.value > first ? fork->offset.value - first : 0;
        const bool is_json = stream["content_type"].get<std::string>().starts_with("application/json");
        for (std::string offset = "-1"; left > 0;) {
            const auto response = transport_->exchange(
                {.target = transport_->base().target_of(name) + "?offset=" + encode_query(offset), .repeatable = true});
            require_success(response, name);
            left -= is_json ? inherit_json(name, response.body, left) : inherit_bytes(name, response.body, left);
            offset = require_header(response, "stream-next-offset");
            if (response.says_true("stream-up-to-date")) break;
        }
    }

    std::uint64_t inherit_json(const std::string& name, const std::string& body, std::uint64_t most) {
        std::uint64_t count = 0;
        for (const auto& message : split_json(body)) {
            if (count == most) break;
            lines_.add(fmt::format("{{\"stream\":{},\"inherited\":true,\"data\":{}}}", json_string(name), message));
            ++count;
        }
        messages_ += count;
        return count;
    }

    std::uint64_t inherit_bytes(const std::string& name, const std::string& body, std::uint64_t most) {
        const auto bytes = std::string_view(body).substr(0, most);
        std::string text;
        server::protocol::append_base64(text, bytes);
        lines_.add(fmt::format("{{\"stream\":{},\"inherited\":true,\"base64\":\"{}\"}}", json_string(name), text));
        ++messages_;
        return bytes.size();
    }

    const ExportAllCommand& command_;
    Session session_;
    std::unique_ptr<Transport> transport_;
    Lines lines_;
    ProgressDisplay display_;
    std::map<std::string, Document> streams_;
    std::set<std::string> created_;
    std::uint64_t messages_ = 0;
};

}  // namespace

ExitCode run(const ExportAllCommand& command, Session session) { return ExportAll(command, session).run(); }

}  // namespace foldback::cli
