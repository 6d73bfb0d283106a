#include "log/byte_buffer.hpp"

#include <array>
#include <string>

#include <doctest/doctest.h>

namespace foldback::log::test {

TEST_CASE("a byte buffer grows at its end and is empty again after clear") {
    ByteBuffer buffer;
    CHECK(buffer.empty());
    std::string expected;
    for (int i = 0; i < 2000; ++i) {
        buffer.push_back(static_cast<char>(i));
        buffer.append("text");
        buffer.append(3, '-');
        expected += static_cast<char>(i);
        expected += "text---";
    }
    CHECK(buffer.view() == expected);

    buffer.clear();
    CHECK(buffer.empty());
    buffer.append("new");
    CHECK(buffer.view() == "new");
}

TEST_CASE("a byte buffer fills the memory it was lent, and moves out of it when it outgrows it") {
    std::array<char, 8> memory{};
    ByteBuffer buffer;
    buffer.append("before");

    buffer.begin_in(memory);
    buffer.append("12345678");
    CHECK(buffer.data() == memory.data());
    CHECK(std::string_view(memory.data(), 8) == "12345678");

    buffer.append("9");
    CHECK(buffer.data() != memory.data());
    CHECK(buffer.view() == "123456789");
    CHECK(std::string_view(memory.data(), 8) == "12345678");
}

TEST_CASE("a byte buffer that was moved from is empty and can be used again") {
    ByteBuffer first;
    first.append("text");
    ByteBuffer second(std::move(first));
    CHECK(second.view() == "text");

    first.append("again");
    CHECK(first.view() == "again");
}

}  // namespace foldback::log::test
