#include "foldback/server/projection_metrics.hpp"

#include <doctest/doctest.h>

using namespace foldback;
using namespace foldback::server;
using namespace std::chrono_literals;

TEST_SUITE("projection metrics") {
    TEST_CASE("each projection tells its lag, its failures, and whether it goes on") {
        ProjectionStatus good{.name = "orders", .state = ProjectionState::live};
        ProjectionStatus bad{.name = "st\"ock", .state = ProjectionState::retrying};
        bad.lag_events = 7;
        bad.lag = 1'500ms;
        bad.failures = 3;
        bad.parked_events = 2;

        const auto text = projection_metrics({good, bad});

        for (const auto* line : {
                 "# TYPE foldback_projection_lag_events gauge\n",
                 "foldback_projection_lag_events{projection=\"orders\"} 0\n",
                 "foldback_projection_lag_events{projection=\"st\\\"ock\"} 7\n",
                 "foldback_projection_lag_seconds{projection=\"st\\\"ock\"} 1.5\n",
                 "# TYPE foldback_projection_errors_total counter\n",
                 "foldback_projection_errors_total{projection=\"st\\\"ock\"} 3\n",
                 "foldback_projection_parked_events{projection=\"st\\\"ock\"} 2\n",
                 "foldback_projection_up{projection=\"orders\"} 1\n",
                 "foldback_projection_up{projection=\"st\\\"ock\"} 0\n",
             }) {
            CAPTURE(line);
            CHECK(text.find(line) != std::string::npos);
        }
    }
}
