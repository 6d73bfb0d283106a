#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include "foldback/core/decimal.hpp"
#include "foldback/core/upcast.hpp"

namespace orders::api {

template <class T>
struct SchemaOf;

/// The JSON schema of a described type, as the codec reads and writes it.
template <class T>
[[nodiscard]] std::string schema_of() {
    return SchemaOf<T>::text();
}

template <class T>
struct SchemaOf {
    static std::string text() {
        if constexpr (std::same_as<T, bool>) {
            return R"({"type":"boolean"})";
        } else if constexpr (std::integral<T>) {
            return R"({"type":"integer"})";
        } else if constexpr (std::floating_point<T>) {
            return R"({"type":"number"})";
        } else if constexpr (std::same_as<T, std::string>) {
            return R"({"type":"string"})";
        } else if constexpr (std::same_as<T, foldback::JsonText>) {
            return "{}";
        } else {
            return object();
        }
    }

private:
    static std::string object() {
        std::string properties;
        std::string required;
        using Members =
            boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;
        boost::mp11::mp_for_each<Members>([&](auto member) {
            using Type = std::remove_cvref_t<decltype(std::declval<T&>().*decltype(member)::pointer)>;
            const std::string name = std::string("\"") + member.name + "\"";
            properties += (properties.empty() ? "" : ",") + name + ":" + schema_of<Type>();
            if (!SchemaOf<Type>::optional) required += (required.empty() ? "" : ",") + name;
        });
        return R"({"type":"object","properties":{)" + properties + R"(},"required":[)" + required + "]}";
    }

public:
    static constexpr bool optional = false;
};

template <class T>
struct SchemaOf<std::optional<T>> {
    static std::string text() { return schema_of<T>(); }
    static constexpr bool optional = true;
};

template <class T>
struct SchemaOf<std::vector<T>> {
    static std::string text() { return R"({"type":"array","items":)" + schema_of<T>() + "}"; }
    static constexpr bool optional = false;
};

template <>
struct SchemaOf<foldback::Cents> {
    static std::string text() {
        return R"({"type":"string","pattern":"^-?[0-9]+(\\.[0-9]{1,2})?$","examples":["12.30"]})";
    }
    static constexpr bool optional = false;
};

template <class T>
requires std::is_enum_v<T>
struct SchemaOf<T> {
    static std::string text() { return R"({"type":"string"})"; }
    static constexpr bool optional = false;
};

}  // namespace orders::api
