#include <cstdint>
#include <string_view>

#include "foldback/core/json_reader.hpp"
#include "foldback/history/json.hpp"

namespace foldback {

namespace {

/// Spreads every bit over all others (the finalizer of SplitMix64).
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    return value ^ (value >> 31);
}

/// FNV-1a.
std::uint64_t digest_of_bytes(std::string_view bytes, std::uint64_t seed) {
    std::uint64_t digest = seed ^ 0xCBF29CE484222325;
    for (const char byte : bytes) digest = (digest ^ static_cast<unsigned char>(byte)) * 0x100000001B3;
    return mixed(digest);
}

enum Seed : std::uint64_t { of_string = 1, of_word, of_object, of_array, of_key };

std::uint64_t digest_of_value(JsonReader& reader) {
    switch (reader.peek()) {
        case '{': {
            std::uint64_t sum = of_object;  // of the members, so that their order does not matter
            std::string_view key;
            reader.begin_object();
            for (bool first = true; reader.next_member(first, key);) {
                const auto name = digest_of_bytes(key, of_key);
                sum += mixed(name + 31 * digest_of_value(reader));
            }
            return mixed(sum);
        }
        case '[': {
            std::uint64_t digest = of_array;
            reader.begin_array();
            for (bool first = true; reader.next_element(first);) digest = mixed(digest * 31 + digest_of_value(reader));
            return digest;
        }
        case '"': return digest_of_bytes(reader.string(), of_string);
        default: return digest_of_bytes(reader.skip(), of_word);
    }
}

}  // namespace

std::uint64_t json_digest(std::string_view document) {
    JsonReader reader(document);
    const auto digest = digest_of_value(reader);
    reader.expect_end();
    return digest;
}

}  // namespace foldback
