#include "cli/child_process.hpp"

#include <doctest/doctest.h>

#include <csignal>

#include "cli/failure.hpp"

namespace foldback::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds long_enough{20'000};
constexpr std::size_t much = 1 << 20;

TEST_CASE("a child reads what is written to it and is read line by line") {
    ChildProcess child("while read -r line; do echo \"got $line of $WHOSE\"; done", ChildProcess::Output::read,
                       {{"WHOSE", "mine"}});

    CHECK(child.write("one\ntwo\n"));
    CHECK(child.read_line(much, long_enough) == "got one of mine");
    CHECK(child.read_line(much, long_enough) == "got two of mine");
    child.close_input();
    CHECK_FALSE(child.read_line(much, long_enough).has_value());
    CHECK(child.wait().code == 0);
}

TEST_CASE("how a child ended is told: by which code, or by which signal") {
    CHECK(ChildProcess("exit 125", ChildProcess::Output::with_notes).wait().code == 125);
    CHECK(ChildProcess("/no/such/program", ChildProcess::Output::with_notes).wait().code == 127);
    CHECK(ChildProcess("kill -TERM $$", ChildProcess::Output::with_notes).wait().signal == SIGTERM);
}

TEST_CASE("a child that does not read what it is given does no harm") {
    ChildProcess child("exit 3", ChildProcess::Output::with_notes);

    CHECK_FALSE(child.write(std::string(4 << 20, 'x')));
    CHECK(child.wait().code == 3);
}

TEST_CASE("a child that says nothing, or too much, is not waited for without end") {
    ChildProcess silent("exec sleep 1000", ChildProcess::Output::read);
    ChildProcess talker("yes | tr -d '\\n'", ChildProcess::Output::read);

    CHECK_THROWS_AS((void)silent.read_line(much, milliseconds(10)), Failure);
    CHECK_FALSE(talker.read_line(much, long_enough).has_value());
}

}  // namespace
}  // namespace foldback::cli
