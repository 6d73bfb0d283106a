#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cli/commands.hpp"
#include "cli/message_writer.hpp"
#include "cli/sse_reader.hpp"
#include "cli/transport.hpp"

namespace foldback::cli {

/// Prints a stream from an offset on, in order and each message once: what was printed and the offset behind it
/// move together, and every new connection goes on from that offset.
class StreamReader {
public:
    struct Options {
        std::string stream;
        std::string offset;
        std::optional<std::uint64_t> limit;
        LiveMode live = LiveMode::automatic;
        std::chrono::milliseconds give_up_after{300'000};
    };

    StreamReader(Transport& transport, Output& output, Options options);

    /// Prints what is there now.
    void catch_up();
    /// Prints what comes, until the stream is closed or the limit is reached. Lost connections are made again; throws
    /// when that fails for `give_up_after`, and when the server refuses.
    void follow();

    /// Nothing more will come or is wanted.
    [[nodiscard]] bool is_done() const { return closed_ || (writer_ && writer_->is_full()); }
    [[nodiscard]] bool is_closed() const { return closed_; }
    [[nodiscard]] bool is_full() const { return writer_ && writer_->is_full(); }
    [[nodiscard]] bool is_json() const { return writer_ && writer_->is_json(); }
    /// Where a later command goes on; empty when that is not known.
    [[nodiscard]] const std::string& offset() const { return options_.offset; }

private:
    void poll_once();
    void listen_once();
    void take_response(const HttpResponse& response);
    void take_event(const SseEvent& event, bool is_base64);
    struct Place {
        std::string offset;
        bool up_to_date = false;
        bool closed = false;
    };
    /// Prints the data and moves to the place behind it.
    void take(std::string_view body, const Place& place);
    void start_writer(const HttpResponse& response);
    [[nodiscard]] bool uses_sse() const;
    [[nodiscard]] HttpRequest request(const std::string& more) const;
    [[nodiscard]] std::string limit_parameter() const;
    void wait_before_retry(const Failure& failure);
    void note_contact();

    Transport& transport_;
    Output& output_;
    Options options_;
    std::optional<MessageWriter> writer_;
    std::string cursor_;
    std::string pending_data_;  ///< of an SSE data event whose control event has not come
    bool up_to_date_ = false;
    bool closed_ = false;
    unsigned failures_ = 0;  ///< since the last contact
    std::chrono::steady_clock::time_point first_failure_{};
};

}  // namespace foldback::cli
