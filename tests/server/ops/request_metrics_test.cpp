#include "ops/request_metrics.hpp"

#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace foldback::server;

namespace {

std::string written(const RequestMetrics& metrics) {
    MetricsText text;
    metrics.write(text);
    return std::move(text).take();
}

bool contains(const RequestMetrics& metrics, const std::string& line) {
    return written(metrics).find(line + "\n") != std::string::npos;
}

Response response(unsigned status, std::vector<std::pair<std::string, std::string>> headers = {}) {
    Response result;
    result.status = status;
    result.headers = std::move(headers);
    return result;
}

}  // namespace

TEST_SUITE("request metrics") {
    TEST_CASE("requests are counted by route, method and status, never by stream") {
        RequestMetrics metrics;
        metrics.count_request(RequestRoute::stream, Method::post, 204);
        metrics.count_request(RequestRoute::stream, Method::post, 204);
        metrics.count_request(RequestRoute::feed, Method::get, 418);

        CHECK(contains(metrics, R"(foldback_http_requests_total{route="stream",method="POST",code="204"} 2)"));
        CHECK(contains(metrics, R"(foldback_http_requests_total{route="feed",method="GET",code="other"} 1)"));
    }

    TEST_CASE("a write whose outcome is unknown is counted as a failure of the server") {
        RequestMetrics metrics;
        metrics.count_request(RequestRoute::stream, Method::post, 504);

        CHECK(contains(metrics, R"(foldback_http_requests_total{route="stream",method="POST",code="504"} 1)"));
    }

    TEST_CASE("a route is found without looking at what the stream is called") {
        CHECK(route_of("/v1/stream/a/b?offset=-1", "/v1/stream/") == RequestRoute::stream);
        CHECK(route_of("/v1/feed?position=now", "/v1/stream/") == RequestRoute::feed);
        CHECK(route_of("/v1/streams", "/v1/stream/") == RequestRoute::list);
        CHECK(route_of("/debug/api/state", "/v1/stream/") == RequestRoute::debug);
        CHECK(route_of("/favicon.ico", "/v1/stream/") == RequestRoute::other);
    }

    TEST_CASE("appends, repetitions and each kind of conflict are told apart") {
        RequestMetrics metrics;
        metrics.count_append(response(204), 10);
        metrics.count_append(response(200, {{"producer-seq", "1"}}), 20);
        metrics.count_append(response(204, {{"producer-seq", "1"}}), 20);
        metrics.count_append(response(204), 0);  // a close
        metrics.count_append(response(412), 5);
        metrics.count_append(response(403, {{"producer-epoch", "2"}}), 5);
        metrics.count_append(response(409, {{"producer-expected-seq", "2"}}), 5);
        metrics.count_append(response(409, {{"stream-closed", "true"}}), 5);
        metrics.count_append(response(403), 5);  // not allowed at all
        metrics.count_append(response(404), 5);

        CHECK(contains(metrics, "foldback_appends_total 2"));
        CHECK(contains(metrics, "foldback_append_bytes_total 30"));
        CHECK(contains(metrics, "foldback_append_duplicates_total 1"));
        for (const auto* reason : {"offset", "stale_epoch", "sequence_gap", "closed"}) {
            CHECK(contains(metrics, "foldback_append_conflicts_total{reason=\"" + std::string(reason) + "\"} 1"));
        }
    }

    TEST_CASE("live readers come and go") {
        RequestMetrics metrics;
        metrics.live_reader_came(LiveMode::sse);
        metrics.live_reader_came(LiveMode::sse);
        metrics.live_reader_came(LiveMode::long_poll);
        std::thread([&] { metrics.live_reader_went(LiveMode::sse); }).join();

        CHECK(contains(metrics, R"(foldback_live_readers{mode="sse"} 1)"));
        CHECK(contains(metrics, R"(foldback_live_readers{mode="long_poll"} 1)"));
    }

    TEST_CASE("no count is lost between threads") {
        RequestMetrics metrics;
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 10'000; ++n) metrics.count_request(RequestRoute::stream, Method::get, 200);
            });
        }
        for (auto& thread : threads) thread.join();

        CHECK(contains(metrics, R"(foldback_http_requests_total{route="stream",method="GET",code="200"} 80000)"));
    }

    TEST_CASE("counting a request costs next to nothing") {
        RequestMetrics metrics;
        constexpr int rounds = 1'000'000;
        const auto begun = std::chrono::steady_clock::now();
        for (int i = 0; i < rounds; ++i) {
            metrics.count_request(RequestRoute::stream, Method::get, 200);
            metrics.count_duration(RequestRoute::stream, std::chrono::microseconds(i % 1000));
        }
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begun;
        MESSAGE("counting a request: " << took.count() / rounds << " ns");
        CHECK(took.count() / rounds < 2'000);
    }
}
