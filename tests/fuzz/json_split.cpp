// A body is split exactly when it is JSON, as another parser sees it; and what is split off is the body, slice by slice.
#include "store/json_split.hpp"

#include <nlohmann/json.hpp>

#include "fuzz/fuzz.hpp"

namespace {

constexpr foldback::JsonLimits limits{.max_depth = 64, .max_messages = 1000};

/// What nlohmann/json says of a text.
struct Opinion : nlohmann::json_sax<nlohmann::json> {
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return enter(); }
    bool key(string_t&) override { return true; }
    bool end_object() override { return leave(); }
    bool start_array(std::size_t) override { return enter(); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
        // A number beyond double is JSON; it is kept as it is written.
        too_large_number = error.id == 406;
        return false;
    }
    bool enter() {
        deepest = std::max(deepest, ++depth);
        return true;
    }
    bool leave() {
        --depth;
        return true;
    }

    std::size_t depth = 0;
    std::size_t deepest = 0;
    bool too_large_number = false;
};

/// Half of a surrogate pair, escaped: in the grammar of RFC 8259, but nlohmann/json refuses it.
bool may_have_lone_surrogate(std::string_view body) {
    for (auto at = body.find("\\u"); at != std::string_view::npos; at = body.find("\\u", at + 2)) {
        if (at + 2 < body.size() && (body[at + 2] == 'd' || body[at + 2] == 'D')) return true;
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using foldback::fuzz::require;
    const auto body = foldback::fuzz::text_of(data, size);
    if (body.starts_with("\xEF\xBB\xBF")) return 0;   // nlohmann/json skips a byte order mark, we refuse it
    if (body.find('\0') != std::string_view::npos) {  // which nlohmann/json takes for the end
        require(!foldback::split_json(body, limits), "a zero byte was accepted");
        return 0;
    }
    Opinion opinion;
    const bool accepted = nlohmann::json::sax_parse(body.begin(), body.end(), &opinion);
    if (opinion.too_large_number || (!accepted && may_have_lone_surrogate(body))) return 0;

    const auto slices = foldback::split_json(body, limits);

    if (slices) {
        require(accepted, "a body was split that is not JSON");
        std::size_t bytes = slices->sizes.empty() ? 0 : slices->sizes.size() - 1;
        for (const auto one : slices->sizes) bytes += one;
        require(bytes == slices->joined.size(), "the sizes do not add up");
        const auto first = body.find_first_not_of(" \t\r\n");
        const auto whole = nlohmann::json::parse(body);
        const auto joined = nlohmann::json::parse('[' + slices->joined + ']');
        require(body[first] == '[' ? joined == whole : joined.size() == 1 && joined[0] == whole,
                "the slices are another value");
    } else if (accepted && opinion.deepest < limits.max_depth) {
        require(size > limits.max_messages, "JSON was refused");
    }
    return 0;
}
