#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "foldback/core/offset.hpp"

namespace foldback {

/// A stored message is not an event that this program can read. `what()` names stream, offset, type and member. Nothing
/// was applied of this message; what came before it was.
class CorruptEvent : public std::runtime_error {
public:
    CorruptEvent(std::string_view in_stream, Offset at_offset, const std::string& problem)
        : std::runtime_error(std::string(in_stream) + " at offset " + std::to_string(at_offset.value) + ": " + problem),
          stream(in_stream),
          offset(at_offset) {}

    std::string stream;
    Offset offset;
};

}  // namespace foldback
