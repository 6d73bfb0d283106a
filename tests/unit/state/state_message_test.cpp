#include "foldback/state/state_message.hpp"

#include <doctest/doctest.h>

namespace foldback {
namespace {

StateChange change_in(std::string_view text) { return std::get<StateChange>(read_state_message(text)); }

std::string problem_with(std::string_view text) {
    try {
        (void)read_state_message(text);
        return {};
    } catch (const JsonError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE(
    "a change is read whatever the order of its members, and what the specification does not name is passed over") {
    const std::string text =
        R"({"headers":{"from":"x","operation":"update","txid":"t-1"},"value": {"n":[1, 2]} ,"old_value":7,)"
        R"("key":"a\"b","type":"user"})";

    const auto change = change_in(text);

    CHECK(change.operation == StateOperation::update);
    CHECK(change.type == "user");
    CHECK(change.key == "a\"b");
    CHECK(change.value == R"({"n":[1, 2]})");
    CHECK(change.txid == "t-1");
}

TEST_CASE("a message reads back as it was written") {
    for (const auto operation : {StateOperation::insert, StateOperation::update, StateOperation::upsert}) {
        const StateChange written{
            .operation = operation, .type = "user \"x\"", .key = "ключ", .value = "[null]", .txid = "g-7"};
        const auto text = to_text(written);
        const auto read = change_in(text);
        CHECK(read.operation == operation);
        CHECK(read.type == written.type);
        CHECK(read.key == written.key);
        CHECK(read.value == written.value);
        CHECK(read.txid == written.txid);
    }
    CHECK(
        to_text(StateChange{.operation = StateOperation::remove, .type = "t", .key = "k", .value = "1", .txid = {}}) ==
        R"({"type":"t","key":"k","headers":{"operation":"delete"}})");
    for (const auto control : {StateControl::snapshot_start, StateControl::snapshot_end, StateControl::reset})
        CHECK(std::get<StateControl>(read_state_message(to_text(control))) == control);
}

TEST_CASE("what is no message of the State protocol is refused with the reason") {
    const std::pair<const char*, const char*> cases[] = {
        {R"([])", "an object"},
        {R"({"type":"t","key":"k","value":1})", "no \"headers\""},
        {R"({"headers":{}})", "no operation or control"},
        {R"({"headers":{"control":"explode"}})", "unknown control message: explode"},
        {R"({"type":"t","key":"k","value":1,"headers":{"operation":"explode"}})", "unknown operation: explode"},
        {R"({"key":"k","value":1,"headers":{"operation":"insert"}})", "no \"type\""},
        {R"({"type":"t","value":1,"headers":{"operation":"insert"}})", "no \"key\""},
        {R"({"type":"","key":"k","value":1,"headers":{"operation":"insert"}})", "\"type\" is empty"},
        {R"({"type":"t","key":"","value":1,"headers":{"operation":"insert"}})", "\"key\" is empty"},
        {R"({"type":"t","key":7,"value":1,"headers":{"operation":"insert"}})", "a string"},
        {R"({"type":"t","key":"k","headers":{"operation":"update"}})", "no \"value\""},
        {R"({"type":"t","key":"k","value":1,"headers":{"operation":"insert"}} x)", ""},
        {R"({"type":"t","key":"k","value":)", ""}};
    for (const auto& [text, reason] : cases) {
        const auto& tried = text;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        const auto problem = problem_with(text);
        CHECK_FALSE(problem.empty());
        CHECK_MESSAGE(problem.find(reason) != std::string::npos, problem);
    }
}

}  // namespace foldback
