#include "cli/scrape.hpp"

#include <doctest/doctest.h>

using foldback::cli::Scrape;

TEST_SUITE("scrape") {
    TEST_CASE("a metric is summed over its labels, or over some of them") {
        const Scrape scrape(
            "# HELP a A.\n# TYPE a counter\na{code=\"200\",m=\"GET\"} 3\na{code=\"500\",m=\"GET\"} 1\nb "
            "0.5\nnonsense\n");
        CHECK(scrape.sum("a") == 4);
        CHECK(scrape.sum("a", "code=\"5") == 1);
        CHECK(scrape.sum("b") == 0.5);
        CHECK(scrape.sum("missing") == 0);
    }

    TEST_CASE("a quantile is of what came since the earlier scrape, over all labels") {
        const Scrape earlier("h_bucket{r=\"x\",le=\"0.1\"} 100\nh_bucket{r=\"x\",le=\"+Inf\"} 100\n");
        const Scrape now(
            "h_bucket{r=\"x\",le=\"0.1\"} 100\nh_bucket{r=\"x\",le=\"0.2\"} 101\nh_bucket{r=\"x\",le=\"+Inf\"} 102\n"
            "h_bucket{r=\"y\",le=\"0.1\"} 8\nh_bucket{r=\"y\",le=\"0.2\"} 8\nh_bucket{r=\"y\",le=\"+Inf\"} 8\n");
        CHECK(now.quantile_since(earlier, "h", 0.5) == 0.1);
        CHECK(now.quantile_since(earlier, "h", 0.99) == 0.2);
        CHECK(now.quantile_since(now, "h", 0.99) == 0);
        CHECK(now.quantile_since(earlier, "missing", 0.5) == 0);
    }
}
