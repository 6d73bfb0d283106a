#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foldback/server/api.hpp"
#include "foldback/store/types.hpp"
#include "protocol/problem.hpp"
#include "protocol/target.hpp"

namespace foldback::server::protocol {

/// What a path stands for.
struct Route {
    enum class Kind : std::uint8_t { stream, feed, list, append, reserved };

    Kind kind = Kind::stream;
    std::optional<StreamPath> stream;  ///< of a stream
    std::string reserved{};            ///< of what is reserved: what follows `__ds/`
    std::string_view methods;          ///< the allowed ones, as a header value

    [[nodiscard]] bool allows(Method method) const noexcept;
};

/// Finds what a decoded path stands for. `reserved` is what there is below the prefix `__ds`, if anything (PROTOCOL §6).
/// Problems: 404 outside the surface; 400 when what follows the stream prefix is not a stream's path.
[[nodiscard]] Parsed<Route> find_route(std::string_view path, std::string_view stream_prefix,
                                       const ReservedApi* reserved);

}  // namespace foldback::server::protocol
