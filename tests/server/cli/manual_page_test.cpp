#include "cli/manual_page.hpp"

#include <doctest/doctest.h>

#include "cli/command_line.hpp"

using namespace foldback::cli;

TEST_SUITE("manual page") {
    TEST_CASE("every verb that is not hidden has a section, every flag an entry") {
        const auto program = describe_program();
        const auto page = manual_page(program);

        CHECK(page.starts_with(".TH FOLDBACK 1"));
        for (const auto& verb : program.commands) {
            CAPTURE(verb.name);
            std::string section = ".SS foldback " + verb.name;
            for (auto at = section.find('-'); at != std::string::npos; at = section.find('-', at + 2)) {
                section.insert(at, 1, '\\');
            }
            CHECK((page.find(section) != std::string::npos) == !verb.group.empty());
        }
        CHECK(page.find("\\fB\\-\\-segment\\-bytes\\fR \\fIBYTES\\fR") != std::string::npos);
        CHECK(page.find("FOLDBACK_LISTEN") != std::string::npos);
    }

    TEST_CASE("text means itself, whatever it looks like") {
        CommandDescription program{.name = "foldback", .aliases = {}, .meaning = ".TH \\fBx-y", .group = "-"};
        const auto page = manual_page(program);
        CHECK(page.find("\n\\&.TH \\efBx\\-y.\n") != std::string::npos);
    }
}
