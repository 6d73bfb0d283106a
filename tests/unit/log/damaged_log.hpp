#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "unit/log/log_fixture.hpp"

namespace foldback::log::test {

/// Opens a log that must be refused as damaged there; checks that nothing was changed.
inline void check_damaged(const std::shared_ptr<LogDevice>& device, std::uint64_t segment, std::uint64_t byte) {
    const auto before = contents_of(*device);
    try {
        static_cast<void>(open_log(device));
        FAIL("the log should be refused");
    } catch (const DamagedLog& damage) {
        CHECK(damage.segment == segment);
        CHECK(damage.byte_offset == byte);
        CHECK(std::string(damage.what()).find("salvage") != std::string::npos);
    }
    CHECK(contents_of(*device) == before);
}

}  // namespace foldback::log::test
