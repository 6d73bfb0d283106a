#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace foldback::codec {

/// The JSON pointer of the value that byte `byte` of a JSON text belongs to: "/lines/2/price". Also for texts that are not
/// JSON: as far as they go.
[[nodiscard]] std::string pointer_to(std::string_view text, std::size_t byte);

}  // namespace foldback::codec
