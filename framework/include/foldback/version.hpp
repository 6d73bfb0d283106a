#pragma once

#include <string_view>

namespace foldback {

// The version of the library that is linked, such as "0.1.0"; it lives as long as the program.
std::string_view version() noexcept;

}  // namespace foldback
