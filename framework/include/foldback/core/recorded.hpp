#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foldback/core/metadata.hpp"
#include "foldback/core/offset.hpp"
#include "foldback/core/timestamp.hpp"

namespace foldback {

/// An event as it was recorded: what happened, when, where and why. `type` and `stream` are views
/// that are valid until the next message is read.
template <class Event>
struct Recorded {
    Event event{};
    std::string_view type{};  ///< as stored: before upcasting
    unsigned version = 1;     ///< as stored: before upcasting
    std::string id{};         ///< empty when its writer gave none
    Timestamp recorded_at{};  ///< as its writer said; when it was committed, when its writer said nothing
    Metadata metadata{};
    std::string_view stream{};
    Offset offset{};              ///< of the message
    Position position{};          ///< of the message
    std::uint32_t sub_index = 0;  ///< which of the events that the message became by upcasting
};

}  // namespace foldback
