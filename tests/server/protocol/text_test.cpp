#include "protocol/json_text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "protocol/base64.hpp"

using namespace foldback::server::protocol;

TEST_SUITE("text") {
    TEST_CASE("any text is a json string that reads back") {
        std::string all = "größe 😀";
        for (int byte = 0; byte != 0x80; ++byte) all.push_back(static_cast<char>(byte));
        std::string json;

        append_json_string(json, all);

        CHECK(nlohmann::json::parse(json).get<std::string>() == all);
        std::string empty;
        append_json_string(empty, "");
        CHECK(empty == "\"\"");
    }

    TEST_CASE("base64 is standard, padded and without line ends") {
        const auto encoded = [](std::string_view bytes) {
            std::string out = ">";
            append_base64(out, bytes);
            return out;
        };

        CHECK(encoded("") == ">");
        CHECK(encoded("f") == ">Zg==");
        CHECK(encoded("fo") == ">Zm8=");
        CHECK(encoded("foobar") == ">Zm9vYmFy");
        CHECK(encoded("\xFB\xFF") == ">+/8=");
        const auto large = encoded(std::string(5 << 20, 'x'));
        CHECK(large.size() == ((5 << 20) + 2) / 3 * 4 + 1);
        CHECK(large.find('=') == large.size() - 1);
    }

}  // TEST_SUITE
