#include "cli/suggestion.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace foldback::cli;

TEST_CASE("the edit distance counts inserted, deleted, replaced and swapped letters") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("listen", "listen") == 0);
    CHECK(edit_distance("listn", "listen") == 1);
    CHECK(edit_distance("lisstten", "listen") == 2);
    CHECK(edit_distance("lisden", "listen") == 1);
    CHECK(edit_distance("lsiten", "listen") == 1);
    CHECK(edit_distance("", "abc") == 3);
}

TEST_CASE("a mistyped word is answered with the nearest one") {
    const std::vector<std::string> words{"create", "close", "delete", "read", "head"};

    CHECK(nearest("craete", words) == "create");
    CHECK(nearest("reed", words) == "read");
    CHECK(nearest("cl", words).empty());
    CHECK(did_you_mean("delet", words) == " Did you mean \"delete\"?");
}

TEST_CASE("a word that is the beginning of another is taken for it") {
    const std::vector<std::string> flags{"--log-level", "--long-poll-timeout-ms"};

    CHECK(nearest("--long-poll", flags) == "--long-poll-timeout-ms");
}

TEST_CASE("nothing is suggested for a word like no other") {
    const std::vector<std::string> words{"create", "close"};

    CHECK(nearest("xylophone", words).empty());
    CHECK(did_you_mean("xylophone", words).empty());
}
