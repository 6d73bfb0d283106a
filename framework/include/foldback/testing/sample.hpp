#pragma once

#include "foldback/core/codec.hpp"

namespace foldback::testing {

/// Makes values that are worth storing as samples: no member is empty and no two numbers or texts are the same, so that a
/// member that is lost or mistaken for another one shows. The same type yields the same value each time.
///
/// A type with a Codec of its own is sampled by `static T Codec<T>::sample(int number)` if there is one, and otherwise
/// default-constructed.
class SampleMaker {
public:
    template <class T>
    [[nodiscard]] T make() {
        T value{};
        fill(value);
        return value;
    }

private:
    static constexpr int max_depth = 8;  // of types that hold themselves

    template <class T>
    void fill(T& value) {
        if constexpr (requires { T(Codec<T>::sample(1)); }) {
            value = Codec<T>::sample(++number_);
        } else if constexpr (foldback::detail::HasHook<T> || std::is_same_v<T, JsonText>) {
            return;
        } else if constexpr (std::is_same_v<T, std::string>) {
            value = "text " + std::to_string(++number_);
        } else if constexpr (std::is_same_v<T, bool>) {
            value = true;
        } else if constexpr (std::is_floating_point_v<T>) {
            value = static_cast<T>(++number_) + static_cast<T>(0.5);
        } else if constexpr (std::is_integral_v<T>) {
            value = static_cast<T>(++number_ % 127);
        } else if constexpr (std::is_enum_v<T>) {
            boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto one) { value = one.value; });
        } else if constexpr (foldback::detail::MapLike<T>) {
            if (++depth_ < max_depth) {
                auto key = make<typename T::key_type>();
                fill(value.try_emplace(std::move(key)).first->second);
            }
            --depth_;
        } else if constexpr (foldback::detail::SequenceLike<T>) {
            if (++depth_ < max_depth) value.insert(value.end(), make<typename T::value_type>());
            --depth_;
        } else if constexpr (boost::describe::has_describe_members<T>::value) {
            boost::mp11::mp_for_each<foldback::detail::MembersOf<T>>([&](auto member) { fill(value.*member.pointer); });
        } else {
            fill_parts(value);
        }
    }
    template <class T>
    void fill_parts(std::optional<T>& value) {
        if (++depth_ < max_depth) fill(value.emplace());
        --depth_;
    }
    template <class First, class Second>
    void fill_parts(std::pair<First, Second>& value) {
        fill(value.first);
        fill(value.second);
    }
    template <class T, std::size_t size>
    void fill_parts(std::array<T, size>& value) {
        for (auto& item : value) fill(item);
    }
    template <class First, class... Cases>
    void fill_parts(std::variant<First, Cases...>& value) {
        fill(value.template emplace<First>());
    }
    template <class Rep, class Period>
    void fill_parts(std::chrono::duration<Rep, Period>& value) {
        value = std::chrono::duration<Rep, Period>(make<Rep>());
    }
    template <class Clock, class Duration>
    void fill_parts(std::chrono::time_point<Clock, Duration>& value) {
        value = std::chrono::time_point<Clock, Duration>(make<Duration>());
    }

    int number_ = 0;
    int depth_ = 0;
};

/// A sample of a type that can be stored.
template <class T>
[[nodiscard]] T sample_of() {
    return SampleMaker{}.template make<T>();
}

}  // namespace foldback::testing
