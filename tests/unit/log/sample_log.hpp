#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "log/verify.hpp"
#include "unit/log/log_fixture.hpp"

/// What the tests of verifying and of salvaging share: a log that can be damaged.
namespace foldback::log::test {

inline std::string name_of(std::uint64_t number) { return segment_name(number); }

/// A log of three segments: created streams and messages.
struct Sample {
    std::shared_ptr<LogDevice> device = make_memory_device();
    std::vector<std::string> payloads;
    std::vector<Place> places;
    Place tail;

    Sample() {
        {
            const auto opened = open_log(device);
            while (opened.log->tail().segment < 3 || payloads.size() % 10 != 0) {
                payloads.push_back("message " + std::to_string(payloads.size()));
                append(*opened.log, payloads.back());
            }
            tail = opened.log->tail();
        }
        places = open_log(device).places;
    }

    /// How many messages lie before a place.
    [[nodiscard]] std::size_t messages_before(Place place) const {
        return static_cast<std::size_t>(
            std::count_if(places.begin(), places.end(), [&](Place each) { return each < place; }));
    }
};

/// Changes one byte of a file.
inline void damage(LogDevice& device, std::uint64_t segment, std::uint64_t byte) {
    auto contents = read_file(device, name_of(segment));
    contents.at(byte) = static_cast<char>(contents.at(byte) ^ 0x20);
    write_file(device, name_of(segment), contents);
}

inline VerifyReport verified(LogDevice& device) {
    const auto before = contents_of(device);
    auto report = verify(device, {});
    CHECK(contents_of(device) == before);
    return report;
}

}  // namespace foldback::log::test
