#include "cli/input.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "cli/failure.hpp"

using namespace foldback::cli;

namespace {

/// A file of these bytes, removed at the end.
class File {
public:
    explicit File(const std::string& content)
        : path_(std::filesystem::temp_directory_path() / ("foldback-input-test-" + std::to_string(::getpid()))) {
        std::ofstream(path_, std::ios::binary) << content;
    }
    ~File() { std::filesystem::remove(path_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("lines are read one by one, the last also without a line feed") {
    const File file("a\n\n" + std::string(100'000, 'b') + "\nc");
    Input input(file.path());

    CHECK(input.size() == 100'005);
    CHECK(input.read_line(200'000) == "a");
    CHECK(input.read_line(200'000) == "");
    CHECK(input.read_line(200'000) == std::string(100'000, 'b'));
    CHECK_FALSE(input.would_wait());
    CHECK(input.read_line(200'000) == "c");
    CHECK_FALSE(input.read_line(200'000));
    CHECK(input.bytes_read() == 100'005);
}

TEST_CASE("a line that is too long is refused") {
    const File file("ok\n" + std::string(1000, 'b'));
    Input input(file.path());

    CHECK(input.read_line(999) == "ok");
    CHECK_THROWS_AS((void)input.read_line(999), Failure);
}

TEST_CASE("bytes are read in pieces of the size asked for, fewer only at the end") {
    const File file(std::string(150'000, 'x') + "end");
    Input input(file.path());

    CHECK(input.read(100'000).size() == 100'000);
    CHECK(input.read(100'000) == std::string(50'000, 'x') + "end");
    CHECK(input.read(100'000).empty());
}

TEST_CASE("a file that is not there is told by its name") {
    CHECK_THROWS_WITH_AS(Input("/nowhere/x"), "cannot read /nowhere/x: No such file or directory", Failure);
}
