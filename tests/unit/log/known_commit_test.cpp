#include <algorithm>

#include <doctest/doctest.h>

#include "unit/log/log_fixture.hpp"

/// Opening that is told of a commit before the place from which it hands over.
using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

TEST_CASE("a segment is read from the commit that is known to lie before the place, and the log goes on behind it") {
    const auto device = log_with_messages(6);
    const auto places = open_log(device).places;
    auto options = small_segments();
    options.known_commit = places[2];
    SUBCASE("commits follow the place") {
        const auto opened = open_log(device, options, places[4]);
        CHECK(opened.payloads == std::vector<std::string>{"message 4", "message 5"});
        CHECK(opened.recovery.read_from == places[2]);
        append(*opened.log, "message 6");
    }
    SUBCASE("the place is the tail") {
        const auto opened = open_log(device, options, open_log(device).log->tail());
        CHECK(opened.payloads.empty());
        append(*opened.log, "message 6");
    }
    SUBCASE("the commit is the last one") {
        options.known_commit = places[5];
        append(*open_log(device, options, open_log(device).log->tail()).log, "message 6");
    }
    CHECK(open_log(device).payloads == messages(7));
}

TEST_CASE("a sealed segment is read from the commit that is known there, too") {
    const LongLog log(3);
    const auto opened = open_log(log.device);
    const auto& places = opened.places;
    const auto in_second = [](const Place& place) { return place.segment == 2; };
    const auto known = std::find_if(places.begin(), places.end(), in_second) + 2;
    const auto from = known + 3;
    flip_bit(*log.device, second_segment, (known - 1)->byte + commit_header_bytes);
    auto options = small_segments();
    options.known_commit = *known;

    const auto again = open_log(log.device, options, *from);

    CHECK(again.recovery.read_from == *known);
    CHECK(again.payloads ==
          std::vector<std::string>(opened.payloads.begin() + (from - places.begin()), opened.payloads.end()));
}

TEST_CASE("where the known commit is not whole, or is none, whoever told of the place is not believed") {
    const auto device = log_with_messages(6);
    const auto places = open_log(device).places;
    auto options = small_segments();
    options.known_commit = places[2];
    SUBCASE("it is damaged") { flip_bit(*device, first_segment, places[2].byte + commit_header_bytes); }
    SUBCASE("one between it and the place is damaged") {
        flip_bit(*device, first_segment, places[3].byte + commit_header_bytes);
    }
    SUBCASE("there is none") { options.known_commit.byte += 8; }
    const auto before = contents_of(*device);

    CHECK_THROWS_WITH_AS(open_log(device, options, places[4]), doctest::Contains("beyond the log"), StorageError);
    CHECK(contents_of(*device) == before);
}

TEST_CASE("a commit that is known elsewhere than before the place in its segment means nothing") {
    const LongLog log(2);
    const auto places = open_log(log.device).places;
    auto options = small_segments();
    for (const auto known : {places[5], places.back(), Place{.segment = 1, .byte = 1}}) {
        options.known_commit = known;
        const auto opened = open_log(log.device, options, places[4]);
        CHECK(opened.recovery.read_from == Place{.segment = 1, .byte = segment_header_bytes});
        CHECK(opened.payloads.size() == places.size() - 4);
    }
}
