#include "log/archive_place.hpp"

#include <doctest/doctest.h>

#include "unit/log/log_fixture.hpp"

using namespace foldback;
using namespace foldback::log::test;

TEST_CASE("of the files in an archive's directory only what was being archived is cleared away") {
    const std::shared_ptr<LogDevice> device = make_memory_device();
    for (const auto* name : {"FORMAT.1.new", "0000000001.segment.12.new", "settings.new", "0000000001.segment"})
        write_file(*device, name, "x");

    place_on(device)->clear_away();

    CHECK(device->list() == std::vector<std::string>{"0000000001.segment", "settings.new"});
}
