#include "ops/request_metrics.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace foldback::server {
namespace {

constexpr std::array<std::string_view, 5> routes{"stream", "feed", "list", "debug", "other"};
constexpr std::array<std::string_view, 7> methods{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "other"};
constexpr std::array<std::string_view, 3> modes{"catch_up", "long_poll", "sse"};
constexpr std::array<std::string_view, 5> conflicts{"offset", "stale_epoch", "sequence_gap", "closed", "other"};
/// Every status that this server answers with; 0 stands for any other.
constexpr std::array<unsigned, 25> statuses{200, 201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 405, 409,
                                            410, 412, 413, 415, 422, 429, 500, 502, 503, 504, 507, 0};

// Where the counters of each kind begin.
constexpr std::size_t requests = 0;
constexpr std::size_t durations = requests + routes.size() * methods.size() * statuses.size();
constexpr std::size_t wakes = durations + routes.size() * ShardedCounters::counters_of_distribution;
constexpr std::size_t read_bytes = wakes + ShardedCounters::counters_of_distribution;
constexpr std::size_t came = read_bytes + modes.size();
constexpr std::size_t went = came + modes.size();
constexpr std::size_t append_conflicts = went + modes.size();
constexpr std::size_t appends = append_conflicts + conflicts.size();
constexpr std::size_t append_bytes = appends + 1;
constexpr std::size_t duplicates = append_bytes + 1;
constexpr std::size_t errors = duplicates + 1;
constexpr std::size_t counter_count = errors + 1;

template <class Enum>
constexpr std::size_t index_of(Enum value) noexcept {
    return static_cast<std::size_t>(value);
}

std::size_t status_index(unsigned status) noexcept {
    const auto found = std::find(statuses.begin(), statuses.end() - 1, status);
    return static_cast<std::size_t>(found - statuses.begin());
}

std::size_t request_counter(std::size_t route, std::size_t method, std::size_t status) noexcept {
    return requests + (route * methods.size() + method) * statuses.size() + status;
}

std::uint64_t microseconds(std::chrono::nanoseconds time) noexcept {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.count()) / 1000);
}

bool has(const Response& response, std::string_view name) noexcept {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [name](const auto& header) { return header.first == name; });
}

AppendConflict conflict_of(const Response& response) noexcept {
    if (response.status == 412) return AppendConflict::offset;
    if (has(response, "producer-epoch")) return AppendConflict::stale_epoch;
    if (has(response, "producer-expected-seq")) return AppendConflict::sequence_gap;
    if (has(response, "stream-closed")) return AppendConflict::closed;
    return AppendConflict::other;
}

}  // namespace

RequestRoute route_of(std::string_view target, std::string_view stream_prefix) noexcept {
    const auto path = target.substr(0, target.find('?'));
    if (path.starts_with(stream_prefix)) return RequestRoute::stream;
    if (path == "/v1/feed") return RequestRoute::feed;
    if (path == "/v1/streams") return RequestRoute::list;
    if (path == "/debug" || path.starts_with("/debug/")) return RequestRoute::debug;
    return RequestRoute::other;
}

std::string_view name_of(RequestRoute route) noexcept { return routes[index_of(route)]; }
std::string_view name_of(Method method) noexcept { return methods[index_of(method)]; }

RequestMetrics::RequestMetrics() : counters_(counter_count) {}

void RequestMetrics::count_request(RequestRoute route, Method method, unsigned status) noexcept {
    counters_.add(request_counter(index_of(route), index_of(method), status_index(status)));
}

void RequestMetrics::count_duration(RequestRoute route, std::chrono::nanoseconds took) noexcept {
    counters_.add_to_distribution(durations + index_of(route) * ShardedCounters::counters_of_distribution,
                                  microseconds(took));
}

void RequestMetrics::count_append(const Response& response, std::uint64_t body_bytes) noexcept {
    // Any other 403 is about who asks, not about the stream.
    const bool is_fenced = response.status == 403 && has(response, "producer-epoch");
    if (response.status == 412 || response.status == 409 || is_fenced) {
        counters_.add(append_conflicts + index_of(conflict_of(response)));
        return;
    }
    if (response.status >= 300 || body_bytes == 0) return;
    // New data of a producer is 200, a repetition 204.
    if (response.status == 204 && has(response, "producer-seq")) {
        counters_.add(duplicates);
        return;
    }
    counters_.add(appends);
    counters_.add(append_bytes, body_bytes);
}

void RequestMetrics::count_read(LiveMode mode, std::uint64_t bytes) noexcept {
    counters_.add(read_bytes + index_of(mode), bytes);
}
void RequestMetrics::live_reader_came(LiveMode mode) noexcept { counters_.add(came + index_of(mode)); }
void RequestMetrics::live_reader_went(LiveMode mode) noexcept { counters_.add(went + index_of(mode)); }
void RequestMetrics::count_wake(std::chrono::nanoseconds took) noexcept {
    counters_.add_to_distribution(wakes, microseconds(took));
}
void RequestMetrics::count_error() noexcept { counters_.add(errors); }

void RequestMetrics::write(MetricsText& text) const {
    write_requests(text);
    write_appends(text);
    write_reads(text);
    text.counter("foldback_store_errors_total", "Failures of the store and of requests that the log tells of.");
    text.sample({}, counters_.sum(errors));
}

void RequestMetrics::write_requests(MetricsText& text) const {
    text.counter("foldback_http_requests_total", "Requests answered.");
    for (std::size_t route = 0; route != routes.size(); ++route) {
        for (std::size_t method = 0; method != methods.size(); ++method) {
            for (std::size_t status = 0; status != statuses.size(); ++status) {
                const auto count = counters_.sum(request_counter(route, method, status));
                if (count == 0) continue;
                const auto code = statuses[status] == 0 ? std::string("other") : std::to_string(statuses[status]);
                text.sample({{"route", routes[route]}, {"method", methods[method]}, {"code", code}}, count);
            }
        }
    }
    text.histogram("foldback_http_request_duration_seconds",
                   "From the whole request to its answer; live reads, which wait, are not in it.");
    for (std::size_t route = 0; route != routes.size(); ++route) {
        text.samples({{"route", routes[route]}},
                     counters_.distribution(durations + route * ShardedCounters::counters_of_distribution), 1e-6);
    }
}

void RequestMetrics::write_appends(MetricsText& text) const {
    text.counter("foldback_appends_total", "Appends over HTTP that were stored.");
    text.sample({}, counters_.sum(appends));
    text.counter("foldback_append_bytes_total", "Bytes of their bodies.");
    text.sample({}, counters_.sum(append_bytes));
    text.counter("foldback_append_duplicates_total", "Appends that repeated what their producer had sent before.");
    text.sample({}, counters_.sum(duplicates));
    text.counter("foldback_append_conflicts_total", "Appends refused because of what the stream or producer is.");
    for (std::size_t i = 0; i != conflicts.size(); ++i) {
        text.sample({{"reason", conflicts[i]}}, counters_.sum(append_conflicts + i));
    }
}

void RequestMetrics::write_reads(MetricsText& text) const {
    text.counter("foldback_read_bytes_total", "Bytes of answers to reads, before HTTP framing.");
    for (std::size_t i = 0; i != modes.size(); ++i) text.sample({{"mode", modes[i]}}, counters_.sum(read_bytes + i));
    text.gauge("foldback_live_readers", "Readers that wait for news.");
    for (std::size_t i = 1; i != modes.size(); ++i) {
        // In this order, so that a reader that goes meanwhile makes no negative number.
        const auto left = counters_.sum(went + i);
        text.sample({{"mode", modes[i]}}, counters_.sum(came + i) - left);
    }
    text.histogram("foldback_live_wake_seconds", "From telling a live reader of news until it takes them.");
    text.samples({}, counters_.distribution(wakes), 1e-6);
}

}  // namespace foldback::server
