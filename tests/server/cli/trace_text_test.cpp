#include "cli/trace_text.hpp"

#include <doctest/doctest.h>

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

Document node(const char* stream, const char* type, Document parent, Document after_ms) {
    return {{"stream", stream},    {"event", 1},
            {"type", type},        {"timestamp", "2026-11-23T09:14:07.101Z"},
            {"causation", "ui"},   {"parent", std::move(parent)},
            {"after_ms", after_ms}};
}

const Document answer{{"nodes",
                       {node("checkout", "Started", nullptr, nullptr), node("orders/42", "Placed", 0, 32),
                        node("payments/8", "Asked", 1, 47), node("payments/8", "Failed", 2, 1690),
                        node("orders/42", "Cancelled", 1, 61'000), node("a\"b", "Odd\n", nullptr, nullptr)}},
                      {"streams", 4},
                      {"duration_ms", 61'079}};

TEST_CASE("a trace is a tree with the time between cause and effect") {
    CHECK(trace_text(answer) ==
          "2026-11-23T09:14:07.101Z  checkout             1  Started    caused by ui\n"
          "                  +32 ms  └─ orders/42         1  Placed\n"
          "                  +47 ms     ├─ payments/8     1  Asked\n"
          "                 +1.69 s     │  └─ payments/8  1  Failed\n"
          "             +1 min 01 s     └─ orders/42      1  Cancelled\n"
          "2026-11-23T09:14:07.101Z  a\"b                  1  Odd?       caused by ui\n"
          "6 events · 4 streams · 1 min 01 s\n");
}

TEST_CASE("a trace is a graph whose labels nothing in an event breaks out of") {
    const auto dot = trace_dot(answer);

    CHECK(dot.starts_with("digraph trace {"));
    CHECK(dot.find("n1 [label=\"orders/42 1\\nPlaced\"];") != std::string::npos);
    CHECK(dot.find("n0 -> n1 [label=\"+32 ms\"];") != std::string::npos);
    CHECK(dot.find("n5 [label=\"a\\\"b 1\\nOdd?\"];") != std::string::npos);
}

}  // namespace
}  // namespace foldback::cli
