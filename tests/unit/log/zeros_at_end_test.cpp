#include "log/zeros_at_end.hpp"

#include <doctest/doctest.h>

#include "log/bytes.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback;
using namespace foldback::log;

namespace {

constexpr std::uint64_t file_bytes = 3 << 20;

/// Waits for the search to come as far as it can.
void wait_for(const ZerosAtEnd& zeros, std::uint64_t begin) {
    while (zeros.begin() > begin) std::this_thread::yield();
}

}  // namespace

TEST_CASE("zeros are found from the end to the block that holds something else") {
    const test::TemporaryDirectory directory;
    const auto device = make_file_device(directory.path());
    const auto file = device->open("file", LogDevice::Open::create_new);
    file->allocate(file_bytes);
    file->write_at(1'000'000, as_bytes("x"));
    constexpr std::uint64_t block_bytes = 64 << 10;
    const auto found = file_bytes - (file_bytes - 1'000'000 - 1) / block_bytes * block_bytes;

    const ZerosAtEnd zeros(*file, 4096);
    wait_for(zeros, found);

    CHECK(zeros.begin() == found);
}

TEST_CASE("a file of zeros is known as far as it is looked at") {
    const test::TemporaryDirectory directory;
    const auto device = make_file_device(directory.path());
    const auto file = device->open("file", LogDevice::Open::create_new);
    file->allocate(file_bytes);

    const ZerosAtEnd zeros(*file, 5000);
    wait_for(zeros, 5000);

    CHECK(zeros.begin() == 5000);
}

TEST_CASE("a device that counts calls is not read by a second thread") {
    const auto device = make_memory_device();
    const auto file = device->open("file", LogDevice::Open::create_new);
    file->allocate(file_bytes);

    const ZerosAtEnd zeros(*file, 0);

    CHECK(zeros.begin() == file_bytes);
}
