#include "ops/metrics_text.hpp"

#include <doctest/doctest.h>

using namespace foldback;
using namespace foldback::server;

TEST_SUITE("metrics text") {
    TEST_CASE("a family begins with its help and type, its samples follow") {
        MetricsText text;
        text.counter("foldback_x_total", "All x.");
        text.sample({}, std::uint64_t{7});
        text.gauge("foldback_y", "Some y.");
        text.sample({{"kind", "a\"b\\c\nd"}, {"mode", "e"}}, 0.5);

        CHECK(std::move(text).take() ==
              "# HELP foldback_x_total All x.\n# TYPE foldback_x_total counter\nfoldback_x_total 7\n"
              "# HELP foldback_y Some y.\n# TYPE foldback_y gauge\n"
              "foldback_y{kind=\"a\\\"b\\\\c\\nd\",mode=\"e\"} 0.5\n");
    }

    TEST_CASE("a histogram's buckets add up, the last is everything") {
        Distribution distribution;
        distribution.counts[Distribution::bucket_of(1)] += 2;
        distribution.counts[Distribution::bucket_of(1000)] += 3;
        distribution.counts[Distribution::bucket_of(UINT64_MAX)] += 1;
        distribution.sum = 3002;
        MetricsText text;
        text.histogram("h", "H.");
        text.samples({{"route", "stream"}}, distribution, 1e-6);

        const auto written = std::move(text).take();
        CHECK(written.find("h_bucket{route=\"stream\",le=\"1e-06\"} 2\n") != std::string::npos);
        CHECK(written.find("h_bucket{route=\"stream\",le=\"0.000512\"} 2\n") != std::string::npos);
        CHECK(written.find("h_bucket{route=\"stream\",le=\"0.001024\"} 5\n") != std::string::npos);
        CHECK(written.find("h_bucket{route=\"stream\",le=\"+Inf\"} 6\n") != std::string::npos);
        CHECK(written.find("h_sum{route=\"stream\"} 0.003002\n") != std::string::npos);
        CHECK(written.find("h_count{route=\"stream\"} 6\n") != std::string::npos);
    }

    TEST_CASE("a value belongs to the smallest bucket that holds it") {
        CHECK(Distribution::bucket_of(0) == 0);
        CHECK(Distribution::bucket_of(1) == 0);
        CHECK(Distribution::bucket_of(2) == 1);
        CHECK(Distribution::bucket_of(3) == 2);
        CHECK(Distribution::bucket_of(4) == 2);
        CHECK(Distribution::bucket_of(5) == 3);
        CHECK(Distribution::bucket_of(UINT64_MAX) == Distribution::bucket_count - 1);
        for (std::size_t i = 0; i + 1 < Distribution::bucket_count; ++i) {
            CHECK(Distribution::bucket_of(Distribution::bound_of(i)) == i);
            CHECK(Distribution::bucket_of(Distribution::bound_of(i) + 1) == i + 1);
        }
    }
}
