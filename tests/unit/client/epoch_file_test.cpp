#include "client/epoch_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "client/epochs.hpp"
#include "foldback/client/error.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback::client;
using detail::EpochLock;

namespace {

ErrorCode code_of_opening(const std::filesystem::path& file) {
    try {
        const EpochLock lock(file);
    } catch (const ClientError& error) {
        return error.error.code;
    }
    return {};
}

}  // namespace

TEST_CASE("every opening of an epoch file takes the next epoch, from 0") {
    const foldback::test::TemporaryDirectory directory;
    const auto file = directory.path() / "epoch";

    for (std::uint64_t expected = 0; expected < 12; ++expected) CHECK(EpochLock(file).epoch() == expected);
}

TEST_CASE("an epoch file serves one producer at a time") {
    const foldback::test::TemporaryDirectory directory;
    const auto file = directory.path() / "epoch";
    const EpochLock first(file);

    CHECK(code_of_opening(file) == ErrorCode::epoch_in_use);
}

TEST_CASE("a file that holds no epoch is refused and stays as it is") {
    const foldback::test::TemporaryDirectory directory;
    const auto file = directory.path() / "epoch";
    for (const std::string content :
         {"x\n", "1", "-1\n", "1\n2\n", "9007199254740991\n", "99999999999999999999999\n"}) {
        CAPTURE(content);
        std::ofstream(file) << content;

        CHECK(code_of_opening(file) == ErrorCode::invalid_argument);
        std::string found(std::filesystem::file_size(file), '\0');
        std::ifstream(file).read(found.data(), static_cast<std::streamsize>(found.size()));
        CHECK(found == content);
    }
}

TEST_CASE("an epoch is claimed above the current one and within what the protocol allows") {
    for (int round = 0; round < 1000; ++round) {
        CHECK(detail::epoch_to_claim(5) > 5);
        CHECK(detail::epoch_to_claim(detail::max_epoch - 1) == detail::max_epoch);
    }
}
