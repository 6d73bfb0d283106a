#include "s3/caller.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "client/base64.hpp"
#include "client/operation.hpp"
#include "client/target.hpp"
#include "client/transport.hpp"
#include "foldback/version.hpp"

namespace foldback::s3 {
namespace {

namespace net = client::detail;
using net::Method;
using std::chrono::milliseconds;

constexpr std::size_t max_answer_bytes = 16 << 20;
constexpr milliseconds max_delay{10'000};
constexpr milliseconds least_time{60'000};        ///< for a request however small
constexpr std::uint64_t least_bytes_per_ms = 64;  ///< and for what it carries
constexpr std::uint64_t least_bytes_to_ask_first = 1 << 20;
constexpr unsigned expectation_failed = 417;
constexpr milliseconds copy_timeout{300'000};  ///< for a server that says nothing while it copies

client::ClientOptions client_options(const S3Options& options) {
    client::ClientOptions result;
    result.ca_file = options.ca_file;
    result.user_agent = "foldback/" + std::string(version());
    result.connect_timeout = options.connect_timeout;
    result.response_timeout = options.answer_timeout;
    result.max_body_bytes = max_answer_bytes;
    result.accepts_compression = false;
    return result;
}

/// Reads a file from its beginning to its end.
client::Source source_of(const ReadableFile& file) {
    return [&file, at = std::uint64_t{0}](std::span<char> into) mutable {
        const auto count = file.read_at(at, std::as_writable_bytes(into));
        at += count;
        return count;
    };
}

void wait(milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
}

/// What follows "bytes FROM-" in a Content-Range; none when it says something else.
std::optional<std::uint64_t> total_in(std::string_view range, std::uint64_t from, std::uint64_t bytes) {
    const auto begin = "bytes " + std::to_string(from) + '-' + std::to_string(from + bytes - 1) + '/';
    if (bytes == 0 || !range.starts_with(begin)) return {};
    range.remove_prefix(begin.size());
    std::uint64_t total = 0;
    const auto [end, error] = std::from_chars(range.data(), range.data() + range.size(), total);
    if (error != std::errc() || end != range.data() + range.size()) return {};
    return total;
}

}  // namespace

Caller::Caller(Location location, S3Options options)
    : location_(std::move(location)),
      options_(std::move(options)),
      retry_{.initial_delay = options_.delay, .max_delay = std::max(max_delay, options_.delay), .multiplier = 2},
      url_(url_of_bucket(location_.bucket, options_)) {
    if (!options_.credentials) throw std::invalid_argument("credentials are missing");
    if (options_.tries < 1) throw std::invalid_argument("tries must be at least 1");
    runtime_ = std::make_shared<net::Runtime>(client_options(options_));
}

std::string Caller::describe(std::string_view key) const { return "s3://" + location_.bucket + '/' + std::string(key); }

std::optional<Piece> Caller::get(const std::string& key, std::uint64_t from, std::uint64_t bytes,
                                 const std::stop_token& stop) {
    Call call{.key = key, .bytes = bytes, .runtime = runtime_};
    call.headers.emplace_back("range", "bytes=" + std::to_string(from) + '-' + std::to_string(from + bytes - 1));
    auto answer = send(call, stop);
    if (!answer) return {};
    Piece piece{.bytes = std::move(answer->body), .etag = std::string(answer->header("etag"))};
    if (answer->status == 416 && from == 0) return Piece{};  // an empty object has no byte that could be asked for
    // A server that knows no ranges, and the object is not longer than the one that was asked for.
    if (answer->status == 200 && from == 0 && !piece.bytes.empty() && piece.bytes.size() <= bytes) {
        piece.object_bytes = piece.bytes.size();
        return piece;
    }
    const auto total = total_in(answer->header("content-range"), from, piece.bytes.size());
    const bool is_all = total && *total >= from && piece.bytes.size() == std::min(bytes, *total - from);
    if (answer->status != 206 || !is_all)
        fail(call, {.code = std::errc::protocol_error, .what = "was answered with other bytes than it asked for"});
    piece.object_bytes = *total;
    return piece;
}

void Caller::put(const std::string& key, const ReadableFile& file, const std::string& digest,
                 const std::stop_token& stop) {
    Call call{.method = Method::put,
              .key = key,
              .file = &file,
              .content_hash = hex(digest),
              .bytes = file.size(),
              .asks_first = file.size() >= least_bytes_to_ask_first && may_ask_first_,
              .runtime = runtime_};
    // Where objects are locked, Amazon takes none without one of these; and it keeps it with the object.
    call.headers.emplace_back("x-amz-checksum-sha256", net::encode_base64(digest));
    if (!send(call, stop)) fail(call, {.code = std::errc::protocol_error, .what = "was answered 404"});
}

void Caller::copy(const std::string& from_key, const std::string& to_key, std::uint64_t bytes,
                  const std::stop_token& stop) {
    auto patient = client_options(options_);
    patient.response_timeout = std::max(copy_timeout, patient.response_timeout);
    Call call{.method = Method::put,
              .key = to_key,
              .bytes = bytes,
              .runtime = std::make_shared<net::Runtime>(std::move(patient))};
    call.headers.emplace_back("x-amz-copy-source", net::encode_path('/' + location_.bucket + '/' + from_key));
    const auto answer = send(call, stop);
    // The answer may begin well, and be an error in the end.
    if (!answer || answer->body.find("<CopyObjectResult") == std::string::npos)
        fail(call, {.code = std::errc::protocol_error, .what = "did not copy " + describe(from_key)});
}

std::optional<net::Response> Caller::send(Call call, const std::stop_token& stop) {
    refuse_at_rest();
    for (int tries = 1;; ++tries) {
        auto answer = try_once(call, stop);
        const auto failure = answer ? Failure{} : failure_of(answer.error());
        const bool was_answered = answer || answer.error().status > 0;
        if (was_answered && !failure.concerns_all()) note_answer();
        if (answer) return std::move(*answer);
        if (answer.error().status == 416) return net::Response{{.status = 416}};
        if (failure.is_absent) return {};
        if (call.asks_first && answer.error().status == expectation_failed) {
            call.asks_first = may_ask_first_ = false;
            continue;
        }
        if (failure.passes && !stop.stop_requested() && tries < options_.tries) {
            const auto delay = net::backoff(retry_, tries - 1, net::draw_chance());
            wait(std::max(delay, std::min(answer.error().retry_after.value_or(delay), max_delay)), stop);
            continue;
        }
        if (!failure.concerns_all() || stop.stop_requested()) fail(call, failure);
        let_rest(failure);
        fail_for_all(failure);
    }
}

void Caller::refuse_at_rest() {
    const std::lock_guard lock(mutex_);
    if (net::SteadyClock::now() < rest_ends_at_) fail_for_all(why_at_rest_);
}

void Caller::note_answer() {
    const std::lock_guard lock(mutex_);
    rest_ends_at_ = {};
}

void Caller::let_rest(const Failure& failure) {
    const std::lock_guard lock(mutex_);
    rest_ends_at_ = net::SteadyClock::now() + options_.rest;
    why_at_rest_ = failure;
}

client::Result<net::Response> Caller::try_once(const Call& call, const std::stop_token& stop) {
    auto url = url_;
    url.path += net::encode_path(call.key);
    Headers headers;
    try {
        headers = signed_headers(call, url);
    } catch (const std::exception& error) {
        return client::Error{.code = client::ErrorCode::invalid_argument, .message = error.what()};
    }
    const net::Target target(call.runtime, std::move(url), {});
    const net::Request request{.target = target,
                               .method = call.method,
                               .headers = std::move(headers),
                               .source = call.file != nullptr ? source_of(*call.file) : client::Source{},
                               .source_bytes = call.file != nullptr ? std::optional(call.bytes) : std::nullopt,
                               .asks_first = call.asks_first,
                               .is_repeatable = true};
    const auto time = least_time + milliseconds(call.bytes / least_bytes_per_ms);
    const client::CallOptions limits{.stop = stop, .deadline = client::within(time)};
    const auto operation = net::Operation::create(call.runtime->context(), limits);
    return call.runtime->wait_for(net::exchange(operation, request));
}

Headers Caller::signed_headers(const Call& call, const net::Url& url) const {
    Unsigned request{.method = std::string(net::name_of(call.method)),
                     .path = url.path,
                     .headers = call.headers,
                     .content_hash = call.content_hash};
    request.headers.emplace_back("host", url.endpoint.authority());
    auto headers = sign(request, options_.credentials(), options_.region, std::chrono::system_clock::now());
    std::erase_if(headers, [](const auto& header) { return header.first == "host"; });  // whoever sends it adds it
    return headers;
}

void Caller::fail(const Call& call, const Failure& failure) const {
    fail(std::string(net::name_of(call.method)) + ' ' + describe(call.key), failure);
}

void Caller::fail_for_all(const Failure& failure) const { fail("a request to s3://" + location_.bucket, failure); }

void Caller::fail(const std::string& request, const Failure& failure) {
    const auto code = std::make_error_code(failure.code);
    const auto what = request + ' ' + failure.what;
    if (failure.passes) throw PlaceUnreachable(code, what);
    throw DeviceError(code, what);
}

}  // namespace foldback::s3
