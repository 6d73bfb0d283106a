#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include "debugger/expression.hpp"
#include "fuzz/fuzz.hpp"

// Whatever text is given is an expression, which then is true or not, or is refused with an ExpressionError.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldback::server::debugger;
    static const auto state = nlohmann::ordered_json::parse(
        R"({"total":-5,"status":"open","lines":[{"sku":"a","n":1},{"sku":"b","n":9223372036854775807}],"a b":{"c/d":null},"big":1e300})");
    const auto text = foldback::fuzz::text_of(data, size);
    try {
        const auto expression = Expression::parse(text, [](std::string_view name) { return name == "kept"; });
        (void)expression.holds(state, [](std::string_view) { return true; });
    } catch (const ExpressionError& error) {
        foldback::fuzz::require(error.at <= Expression::max_bytes, "an error lies beyond the longest expression");
    }
    return 0;
}
