#include "cli/stream_reader.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/answers.hpp"
#include "cli/interrupt.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

using std::chrono::milliseconds;

/// A server may hold a live read this long without a word before it is asked again.
constexpr milliseconds silence{120'000};
constexpr milliseconds first_retry_delay{100};
constexpr milliseconds longest_retry_delay{5'000};
/// What our server accepts as `limit`.
constexpr std::uint64_t max_page_messages = 10'000;

bool is_transient(unsigned status) { return status == 429 || status >= 500; }

void sleep_interruptibly(milliseconds duration) {
    const auto end = std::chrono::steady_clock::now() + duration;
    while (std::chrono::steady_clock::now() < end) {
        throw_if_interrupted();
        std::this_thread::sleep_for(std::min(milliseconds(50), duration));
    }
}

milliseconds retry_delay(unsigned failures) {
    static std::minstd_rand random(std::random_device{}());
    const auto longest = std::min(longest_retry_delay, first_retry_delay * (1U << std::min(failures, 10U)));
    return milliseconds(std::uniform_int_distribution<std::int64_t>(longest.count() / 2, longest.count())(random));
}

}  // namespace

StreamReader::StreamReader(Transport& transport, Output& output, Options options)
    : transport_(transport), output_(output), options_(std::move(options)) {}

HttpRequest StreamReader::request(const std::string& more) const {
    auto target = fmt::format("{}?offset={}{}", transport_.base().target_of(options_.stream),
                              encode_query(options_.offset), more);
    if (!cursor_.empty() && more.find("live=") != std::string::npos) target += "&cursor=" + encode_query(cursor_);
    return {.method = HttpMethod::get, .target = std::move(target), .repeatable = true};
}

void StreamReader::catch_up() {
    // A limit is a number of messages where there are messages, so the kind of stream is asked for first.
    if (options_.limit) {
        auto head = request("");
        head.method = HttpMethod::head;
        head.target = transport_.base().target_of(options_.stream);
        const auto response = transport_.exchange(head);
        require_success(response, options_.stream);
        start_writer(response);
    }
    do {
        throw_if_interrupted();
        const auto response = transport_.exchange(request(limit_parameter()));
        require_success(response, options_.stream);
        start_writer(response);
        take_response(response);
    } while (!up_to_date_ && !is_done());
}

std::string StreamReader::limit_parameter() const {
    if (!options_.limit || !writer_ || !writer_->is_json()) return {};
    return fmt::format("&limit={}",
                       std::clamp<std::uint64_t>(*options_.limit - writer_->written(), 1, max_page_messages));
}

void StreamReader::follow() {
    while (!is_done()) {
        throw_if_interrupted();
        try {
            uses_sse() ? listen_once() : poll_once();
        } catch (const HttpError& error) {
            if (error.kind() == HttpError::Kind::malformed) throw;
            // Silence is no loss; the same offset is asked for again.
            if (error.kind() == HttpError::Kind::timeout && failures_ == 0) continue;
            wait_before_retry(failure_of(error));
        }
    }
}

void StreamReader::poll_once() {
    const auto response = transport_.exchange(request("&live=long-poll" + limit_parameter()), silence);
    if (is_transient(response.status)) return wait_before_retry(failure_of(response, options_.stream));
    require_success(response, options_.stream);
    note_contact();
    start_writer(response);
    take_response(response);
}

void StreamReader::listen_once() {
    SseReader events;
    pending_data_.clear();
    const auto started = std::chrono::steady_clock::now();
    const auto response =
        transport_.stream(request("&live=sse"), silence, [&](const HttpResponse& head, std::string_view bytes) {
            const auto* encoding = head.header("stream-sse-data-encoding");
            note_contact();
            events.feed(bytes, [&](const SseEvent& event) {
                if (!is_done()) take_event(event, encoding != nullptr && *encoding == "base64");
            });
            return !is_done();
        });
    if (response.status == 200) {
        // A server that ends every connection at once must not be asked in a hot loop.
        const auto lasted = std::chrono::steady_clock::now() - started;
        if (!is_done() && lasted < first_retry_delay) sleep_interruptibly(first_retry_delay);
        return;
    }
    if (is_transient(response.status)) return wait_before_retry(failure_of(response, options_.stream));
    require_success(response, options_.stream);
    throw Failure(ExitCode::unreachable,
                  fmt::format("{}: no event stream in the answer (status {})", options_.stream, response.status),
                  "Follow by --live long-poll instead.");
}

void StreamReader::take_event(const SseEvent& event, bool is_base64) {
    if (event.name == "data") {
        try {
            pending_data_ += is_base64 ? decode_base64(event.data) : event.data;
        } catch (const std::invalid_argument& error) {
            throw Failure(ExitCode::unreachable,
                          fmt::format("{}: a data event is broken: {}", options_.stream, error.what()));
        }
        return;
    }
    if (event.name != "control") return;
    const auto control = nlohmann::json::parse(event.data, nullptr, false);
    const auto next = control.is_object() ? control.find("streamNextOffset") : control.end();
    if (!control.is_object() || next == control.end() || !next->is_string()) {
        throw Failure(ExitCode::unreachable,
                      fmt::format("{}: a control event without streamNextOffset", options_.stream));
    }
    const auto is_true = [&control](const char* key) {
        const auto found = control.find(key);
        return found != control.end() && found->is_boolean() && found->get<bool>();
    };
    if (const auto cursor = control.find("streamCursor"); cursor != control.end() && cursor->is_string())
        cursor_ = *cursor;
    take(std::exchange(pending_data_, {}), {*next, is_true("upToDate"), is_true("streamClosed")});
}

void StreamReader::take_response(const HttpResponse& response) {
    if (const auto* cursor = response.header("stream-cursor")) cursor_ = *cursor;
    take(response.status == 200 ? response.body : std::string_view{},
         {require_header(response, "stream-next-offset"), response.says_true("stream-up-to-date"),
          response.says_true("stream-closed")});
}

void StreamReader::take(std::string_view body, const Place& place) {
    const bool whole = body.empty() || writer_->write_body(body);
    const bool moved = options_.offset != place.offset || up_to_date_ != place.up_to_date || closed_ != place.closed;
    // Nobody knows the offset of a cut inside a page.
    options_.offset = whole ? place.offset : std::string{};
    up_to_date_ = place.up_to_date || place.closed;
    closed_ = place.closed && whole;
    if (output_.json() && moved && whole) {
        output_.line(fmt::format(R"({{"type":"position","next_offset":{},"up_to_date":{},"closed":{}}})",
                                 json_string(place.offset), up_to_date_, closed_));
    }
    output_.flush();
}

void StreamReader::start_writer(const HttpResponse& response) {
    if (writer_ || response.status != 200) return;
    writer_.emplace(output_, require_header(response, "content-type"), options_.limit);
}

bool StreamReader::uses_sse() const {
    // Text events turn CR and CRLF into LF, so what is not JSON is polled; so is what has a limit, which events lack.
    return options_.live == LiveMode::sse || (options_.live == LiveMode::automatic && is_json() && !options_.limit);
}

void StreamReader::note_contact() {
    if (failures_ > 0) output_.note("connected again");
    failures_ = 0;
}

void StreamReader::wait_before_retry(const Failure& failure) {
    const auto now = std::chrono::steady_clock::now();
    if (failures_ == 0) {
        first_failure_ = now;
        output_.note(fmt::format("{}; trying again", failure.what()));
    }
    if (now - first_failure_ > options_.give_up_after) throw failure;
    sleep_interruptibly(retry_delay(failures_++));
}

}  // namespace foldback::cli
