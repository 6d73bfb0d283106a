#include "foldback/version.hpp"

namespace foldback {

std::string_view version() noexcept { return FOLDBACK_VERSION; }

}  // namespace foldback
