#include "cli/message_writer.hpp"

#include <doctest/doctest.h>

#include "captured.hpp"

using namespace foldback::cli;

TEST_CASE("JSON messages are printed one per line, as their exact text") {
    Captured captured;
    MessageWriter writer(captured.output, "Application/JSON; charset=utf-8", std::nullopt);

    CHECK(writer.write_body(R"([{"a":1e400},"x,y",[1,2], 12345678901234567890])"));

    CHECK(captured.data() == "{\"a\":1e400}\n\"x,y\"\n[1,2]\n12345678901234567890\n");
}

TEST_CASE("line breaks between the tokens of a message do not break its line") {
    Captured captured;
    MessageWriter writer(captured.output, "application/json", std::nullopt);

    writer.write_body("[{\n\"a\":\r\n\"b\\n\"}]");

    CHECK(captured.data() == "{ \"a\":  \"b\\n\"}\n");
}

TEST_CASE("other streams are printed as their bytes") {
    Captured captured;
    MessageWriter writer(captured.output, "application/octet-stream", std::nullopt);
    const std::string bytes("a\0\r\n\xFF", 5);

    CHECK(writer.write_body(bytes));

    CHECK(captured.data() == bytes);
}

TEST_CASE("a limit counts messages of a JSON stream and bytes of another, and says whether it cut") {
    Captured captured;
    MessageWriter messages(captured.output, "application/json", 3);
    CHECK(messages.write_body("[1,2]"));
    CHECK_FALSE(messages.is_full());
    CHECK_FALSE(messages.write_body("[3,4]"));
    CHECK(messages.is_full());

    MessageWriter bytes(captured.output, "text/plain", 3);
    CHECK(bytes.write_body("ab"));
    CHECK_FALSE(bytes.write_body("cd"));
    CHECK_FALSE(bytes.write_body("e"));
    CHECK(bytes.is_full());

    CHECK(captured.data() == "1\n2\n3\nabc");
}

TEST_CASE("with --json every piece is a document") {
    Captured captured({.json = true});
    MessageWriter(captured.output, "application/json", std::nullopt).write_body("[{\"a\":1}]");
    MessageWriter(captured.output, "text/plain", std::nullopt).write_body("a\n\"b\"");
    MessageWriter(captured.output, "text/plain", std::nullopt).write_body("\xFF");
    MessageWriter(captured.output, "image/png", std::nullopt).write_body("abc");

    CHECK(captured.data() ==
          "{\"type\":\"message\",\"data\":{\"a\":1}}\n"
          "{\"type\":\"message\",\"text\":\"a\\n\\\"b\\\"\"}\n"
          "{\"type\":\"message\",\"base64\":\"/w==\"}\n"
          "{\"type\":\"message\",\"base64\":\"YWJj\"}\n");
}

TEST_CASE("a body that is not the JSON it claims to be is refused") {
    Captured captured;
    MessageWriter writer(captured.output, "application/json", std::nullopt);

    CHECK_THROWS_AS(writer.write_body("<html>"), Failure);
}
