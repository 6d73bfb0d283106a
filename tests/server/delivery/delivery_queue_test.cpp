#include "delivery/delivery_queue.hpp"

#include <doctest/doctest.h>

#include <string>

using foldback::server::delivery::DeliveryQueue;

TEST_SUITE("delivery queue") {
    TEST_CASE("no more are under way than there are places, and each place is used again") {
        DeliveryQueue<int> queue(2, 2);
        for (int i = 0; i < 3; ++i) queue.push("a", i);

        CHECK(queue.take() == 0);
        CHECK(queue.take() == 1);
        CHECK(!queue.take());
        queue.finish("a");
        CHECK(queue.take() == 2);
        CHECK(!queue.take());
    }

    TEST_CASE("a receiver that does not answer takes its part of the places and leaves the others theirs") {
        DeliveryQueue<std::string> queue(10, 3);
        for (int i = 0; i < 100; ++i) queue.push("dead", "dead");
        for (int i = 0; i < 5; ++i) queue.push("alive-" + std::to_string(i), "alive");
        int dead = 0;
        int alive = 0;
        while (const auto next = queue.take()) ++(*next == "dead" ? dead : alive);

        CHECK(dead == 3);
        CHECK(alive == 5);
    }

    TEST_CASE("receivers take turns, each in the order of its own") {
        DeliveryQueue<std::string> queue(1, 1);
        for (const auto* item : {"a1", "a2", "a3"}) queue.push("a", item);
        for (const auto* item : {"b1", "b2"}) queue.push("b", item);
        std::string order;
        while (const auto next = queue.take()) {
            order += *next + " ";
            queue.finish(next->substr(0, 1));
        }
        CHECK(order == "a1 b1 a2 b2 a3 ");
    }

    TEST_CASE("what is taken out of the queue is not begun") {
        DeliveryQueue<int> queue(1, 1);
        queue.push("a", 1);
        queue.push("a", 2);
        queue.remove_waiting("a", [](int item) { return item == 1; });
        queue.remove_waiting("b", [](int) { return true; });
        CHECK(queue.take() == 2);
        queue.finish("a");
        CHECK(!queue.take());
    }
}
