#pragma once

#include <optional>
#include <string_view>

#include "foldback/server/http_message.hpp"
#include "foldback/store/types.hpp"
#include "protocol/problem.hpp"
#include "protocol/target.hpp"

namespace foldback::server::protocol {

/// What a path stands for.
struct Route {
    enum class Kind : std::uint8_t { stream, feed, list };

    Kind kind = Kind::stream;
    std::optional<StreamPath> stream;  ///< of a stream

    [[nodiscard]] bool allows(Method method) const noexcept;
    /// The allowed methods, as a header value.
    [[nodiscard]] std::string_view methods() const noexcept;
};

/// Finds what a decoded path stands for. Problems: 404 outside the surface and below the prefix `__ds`, which the
/// protocol reserves (PROTOCOL §6); 400 when what follows the stream prefix is not a stream's path.
[[nodiscard]] Parsed<Route> find_route(std::string_view path, std::string_view stream_prefix);

}  // namespace foldback::server::protocol
