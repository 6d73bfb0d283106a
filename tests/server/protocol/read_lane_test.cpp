#include "protocol/read_lane.hpp"

#include <atomic>
#include <future>

#include <doctest/doctest.h>

using foldback::server::protocol::ReadLane;

TEST_SUITE("read lane") {

TEST_CASE("tasks run in order on another thread") {
    ReadLane lane(10);
    std::promise<std::thread::id> ran;

    REQUIRE(lane.run([&] { ran.set_value(std::this_thread::get_id()); }));

    CHECK(ran.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("a full lane takes no more, and what it took runs before it ends") {
    std::atomic<int> done = 0;
    std::promise<void> began;
    std::promise<void> go_on;
    {
        ReadLane lane(2);
        REQUIRE(lane.run([&] {
            began.set_value();
            go_on.get_future().wait();
        }));
        began.get_future().wait();
        CHECK(lane.run([&] { ++done; }));
        CHECK(lane.run([&] { ++done; }));
        CHECK_FALSE(lane.run([&] { ++done; }));
        go_on.set_value();
    }
    CHECK(done == 2);
}

TEST_CASE("a lane without tasks has no thread to end") {
    const ReadLane lane(1);
}

}  // TEST_SUITE
