#include "foldback/testing/golden.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "support/temporary_directory.hpp"

using namespace foldback;
using foldback::testing::check_golden;
using foldback::testing::MissingSample;

namespace {

struct Line {
    std::string item;
    std::optional<int> count;
};
BOOST_DESCRIBE_STRUCT(Line, (), (item, count))
struct PlacedV1 {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(PlacedV1, (), (name))
struct PlacedV2 {
    std::string customer;
    std::vector<Line> lines;
};
BOOST_DESCRIBE_STRUCT(PlacedV2, (), (customer, lines))
struct Placed {
    std::string customer;
    std::vector<Line> lines;
    bool gift = false;
};
BOOST_DESCRIBE_STRUCT(Placed, (), (customer, lines, gift))
PlacedV2 upcast(const PlacedV1& old) { return {old.name, {}}; }
PlacedV2 upcast_wrongly(const PlacedV1& old) { return {old.name + "!", {}}; }
Placed upcast(const PlacedV2& old) { return {old.customer, old.lines, false}; }

using First = Events<Named<"Placed", 1, PlacedV1>>;
using Second = Events<Named<"Placed", 2, PlacedV2, Was<1, PlacedV1>>>;
using Third = Events<Named<"Placed", 3, Placed, Was<1, PlacedV1>, Was<2, PlacedV2>>>;
using Wrong = Events<Named<"Placed", 2, PlacedV2, Was<1, PlacedV1, upcast_wrongly>>>;
using Renamed = Events<Named<"Ordered", 1, PlacedV1>>;

/// A file of its own for each test.
struct File {
    test::TemporaryDirectory directory;
    std::filesystem::path path = directory.path() / "golden" / "events.jsonl";
    [[nodiscard]] std::string place(int line) const { return path.string() + ":" + std::to_string(line) + ": "; }
    [[nodiscard]] std::string text() const {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
};

}  // namespace

TEST_CASE("each name and version gets one sample, once") {
    const File file;

    CHECK(check_golden<Second>(file.path).recorded == std::vector<std::string>{"Placed 1", "Placed 2"});
    const auto text = file.text();

    CHECK(
        text ==
        R"({"type":"Placed","version":1,"data":{"name":"text 1"},"becomes":[{"type":"Placed","version":2,"data":{"customer":"text 1","lines":[]}}]})"
        "\n"
        R"({"type":"Placed","version":2,"data":{"customer":"text 1","lines":[{"item":"text 2","count":3}]},)"
        R"("becomes":[{"type":"Placed","version":2,"data":{"customer":"text 1","lines":[{"item":"text 2","count":3}]}}]})"
        "\n");
    const auto again = check_golden<Second>(file.path);
    CHECK(again.ok());
    CHECK(again.recorded.empty());
    CHECK(file.text() == text);
}

TEST_CASE("a new version keeps the old samples and records what they become now") {
    const File file;
    REQUIRE(check_golden<First>(file.path).ok());
    REQUIRE(check_golden<Second>(file.path).ok());

    const auto report = check_golden<Third>(file.path);

    CHECK(report.ok());
    CHECK(report.recorded == std::vector<std::string>{"Placed 1", "Placed 2", "Placed 3"});
    CHECK(check_golden<Third>(file.path, MissingSample::is_wrong).ok());
}

TEST_CASE("an old event that is read differently is a problem") {
    const File file;
    REQUIRE(check_golden<Second>(file.path).ok());
    const auto text = file.text();

    const auto report = check_golden<Wrong>(file.path);

    REQUIRE(report.problems.size() == 1);
    CHECK(report.problems[0].starts_with(file.place(1) + "Placed 1 is read differently"));
    CHECK(file.text() == text);
}

TEST_CASE("an old event that is no longer read is a problem") {
    const File file;
    REQUIRE(check_golden<First>(file.path).ok());

    const auto report = check_golden<Renamed>(file.path);

    REQUIRE(report.problems.size() == 1);
    CHECK(report.problems[0].starts_with(file.place(1) + "no longer read: /data: unknown event type in "));
}

TEST_CASE("where nothing may be recorded, a missing sample is a problem") {
    const File file;

    const auto report = check_golden<First>(file.path, MissingSample::is_wrong);

    REQUIRE(report.problems.size() == 1);
    CHECK(report.problems[0].starts_with(file.path.string() + ": Placed 1 has no recorded outcome"));
    CHECK_FALSE(std::filesystem::exists(file.path));
}

TEST_CASE("a sample that was added by hand is checked from then on") {
    const File file;
    REQUIRE(check_golden<First>(file.path).ok());
    std::ofstream(file.path, std::ios::app) << R"({"type":"Placed","version":1,"data":{"name":"Grace"}})" << '\n';

    CHECK(check_golden<First>(file.path).recorded == std::vector<std::string>{"Placed 1"});
    CHECK(file.text().ends_with(
        R"({"type":"Placed","version":1,"data":{"name":"Grace"},"becomes":[{"type":"Placed","version":1,"data":{"name":"Grace"}}]})"
        "\n"));
}
