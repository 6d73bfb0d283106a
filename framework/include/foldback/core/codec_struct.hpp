#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>

#include "foldback/core/codec_base.hpp"

/// Structs described by BOOST_DESCRIBE_STRUCT.
namespace foldback::detail {

template <class T>
using MembersOf =
    boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;

template <class Member>
[[nodiscard]] consteval std::size_t member_name_size() {
    return std::string_view(Member::name).size();
}

/// `,"name":` of a member, made while compiling.
template <class Member>
struct KeyText {
    char data[member_name_size<Member>() + 4]{};
    constexpr KeyText() {
        std::size_t at = 0;
        data[at++] = ',';
        data[at++] = '"';
        for (const char c : std::string_view(Member::name)) data[at++] = c;
        data[at++] = '"';
        data[at++] = ':';
    }
    [[nodiscard]] constexpr std::string_view with_comma() const { return {data, sizeof data}; }
    [[nodiscard]] constexpr std::string_view without_comma() const { return {data + 1, sizeof data - 1}; }
};
template <class Member>
inline constexpr KeyText<Member> key_of{};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T, class Member>
using MemberType = std::remove_cvref_t<decltype(std::declval<T&>().*Member::pointer)>;

template <class T, class Members>
struct StructCodec;

template <class T, template <class...> class List, class... Members>
struct StructCodec<T, List<Members...>> {
    static_assert(sizeof...(Members) <= 64, "a stored struct has at most 64 members");
    using Indices = std::index_sequence_for<Members...>;
    static constexpr std::uint64_t required = [] {
        std::uint64_t bits = 0;
        unsigned index = 0;
        ((bits |= (is_optional<MemberType<T, Members>> ? 0ULL : 1ULL) << index++), ...);
        return bits;
    }();

    static void write(JsonWriter& writer, const T& value) {
        writer.raw('{');
        (write_member<Members>(writer, value), ...);
        if (writer.last() == ',') {
            writer.drop_last();
        }
        writer.raw('}');
    }

    static void read(JsonReader& reader, T& value) {
        reader.begin_object();
        std::uint64_t seen = 0;
        read_in_order(reader, value, seen, Indices{});
        if (reader.take('}')) {
            reader.end_object();
        } else {
            read_in_any_order(reader, value, seen, Indices{});
        }
        if ((seen & required) != required && !reader.uses_defaults) fail_missing(reader, seen, Indices{});
    }

private:
    template <class Member>
    static void write_member(JsonWriter& writer, const T& value) {
        const auto& member = value.*Member::pointer;
        if constexpr (is_optional<MemberType<T, Member>>) {
            if (!member) return;
        }
        writer.raw(key_of<Member>.without_comma());
        write_json(writer, member);
        writer.raw(',');
    }

    /// Reads the members that come as the description and write() have them: one comparison each.
    template <std::size_t... index>
    static void read_in_order(JsonReader& reader, T& value, std::uint64_t& seen, std::index_sequence<index...>) {
        [[maybe_unused]] const auto read_one = [&]<class Member>(std::size_t place, const Member*) {
            if (!reader.take(seen == 0 ? key_of<Member>.without_comma() : key_of<Member>.with_comma())) return;
            read_json(reader, value.*Member::pointer);
            seen |= std::uint64_t{1} << place;
        };
        (read_one(index, static_cast<const Members*>(nullptr)), ...);
    }

    template <std::size_t... index>
    static void read_in_any_order(JsonReader& reader, T& value, std::uint64_t& seen, std::index_sequence<index...>) {
        std::string_view key;
        bool first = seen == 0;
        while (reader.next_member(first, key)) {
            const bool known = ((key == Members::name && (read_json(reader, value.*Members::pointer),
                                                          seen |= std::uint64_t{1} << index, true)) ||
                                ...);
            if (!known) (void)reader.skip();
        }
    }

    template <std::size_t... index>
    [[noreturn]] static void fail_missing(JsonReader& reader, std::uint64_t seen, std::index_sequence<index...>) {
        std::string names;
        (((required & ~seen & (std::uint64_t{1} << index)) != 0
              ? void(names += (names.empty() ? "" : ", ") + std::string(Members::name))
              : void()),
         ...);
        reader.fail("missing: " + names);
    }
};

}  // namespace foldback::detail
