#pragma once

#include <algorithm>
#include <charconv>
#include <vector>

#include "foldback/core/codec_struct.hpp"
#include "foldback/core/codec_types.hpp"

/// Maps, variants and structs: what is stored as an object.
namespace foldback::detail {

template <class Key>
[[nodiscard]] std::string key_text(const Key& key) {
    if constexpr (std::same_as<Key, std::string>) {
        return key;
    } else if constexpr (std::is_enum_v<Key>) {
        const auto name = CodecOf<Key>::name_of(key);
        if (name.empty()) throw std::invalid_argument("a value of an enum has no name");
        return std::string(name);
    } else {
        static_assert(std::integral<Key>, "a map is stored with keys that are strings, integers or enums");
        return std::to_string(key);
    }
}

template <class Key>
[[nodiscard]] Key key_from(JsonReader& reader, std::string_view text) {
    if constexpr (std::same_as<Key, std::string>) {
        return Key(text);
    } else if constexpr (std::is_enum_v<Key>) {
        Key key{};
        if (!CodecOf<Key>::find(text, key)) reader.fail("\"" + std::string(text) + "\" is no enumerator");
        return key;
    } else {
        Key key{};
        const auto end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, key);
        if (error != std::errc{} || stop != end) reader.fail("\"" + std::string(text) + "\" is no key of this map");
        return key;
    }
}

template <MapLike T>
requires(!HasHook<T>) struct CodecOf<T> {
    using Key = typename T::key_type;

    static void write(JsonWriter& writer, const T& map) {
        std::vector<std::pair<std::string, const typename T::mapped_type*>> members;
        members.reserve(map.size());
        for (const auto& [key, value] : map) members.emplace_back(key_text(key), &value);
        // A text that depends on the map's content only, whatever the order of the map.
        std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        writer.raw('{');
        bool first = true;
        for (const auto& [key, value] : members) {
            if (!std::exchange(first, false)) writer.raw(',');
            writer.string(key);
            writer.raw(':');
            write_json(writer, *value);
        }
        writer.raw('}');
    }
    static void read(JsonReader& reader, T& map) {
        map.clear();
        reader.begin_object();
        std::string_view key;
        for (bool first = true; reader.next_member(first, key);) {
            auto& value = map.try_emplace(key_from<Key>(reader, key)).first->second;
            read_json(reader, value);
        }
    }
};

template <class T>
requires(std::is_class_v<T>&& boost::describe::has_describe_members<T>::value && !HasHook<T>) struct CodecOf<T>
    : StructCodec<T, MembersOf<T>> {
};

template <class... Cases>
struct CodecOf<std::variant<Cases...>> {
    using Variant = std::variant<Cases...>;

    template <class Case>
    static consteval bool check() {
        if constexpr (case_name<Case>.empty()) {
            constexpr auto message =
                joined<name_of_type<Case>, literal<" has no name as a case of a std::variant: add `static constexpr "
                                                   "std::string_view case_name = \"...\";` to it">>();
            static_assert(sizeof(CompileError<message>) > 0);
        }
        return true;
    }
    static_assert((check<Cases>() && ...));

    static void write(JsonWriter& writer, const Variant& value) {
        std::visit(
            [&]<class Case>(const Case& one) {
                writer.raw('{');
                writer.string(case_name<Case>);
                writer.raw(':');
                write_json(writer, one);
                writer.raw('}');
            },
            value);
    }
    static void read(JsonReader& reader, Variant& value) {
        reader.begin_object();
        bool first = true;
        std::string_view key;
        if (!reader.next_member(first, key)) reader.fail("a variant has one member, which names its case");
        const bool known =
            ((key == case_name<Cases> && (read_json(reader, value.template emplace<Cases>()), true)) || ...);
        if (!known) reader.fail("\"" + std::string(key) + "\" is no case of this variant");
        if (reader.next_member(first, key)) reader.fail("a variant has one member, which names its case");
    }
};

}  // namespace foldback::detail
