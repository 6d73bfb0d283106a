#include "cli/table.hpp"

#include <doctest/doctest.h>

using namespace foldback::cli;

TEST_CASE("columns are as wide as their widest cell and lines have no blanks at the end") {
    Table table({Align::left, Align::right, Align::left});
    table.add({"a", "1", "x"});
    table.add({"längste", "1,000", ""});

    CHECK(table.text() == "a            1  x\nlängste  1,000\n");
}

TEST_CASE("an empty table is no text") { CHECK(Table({Align::left}).text().empty()); }
