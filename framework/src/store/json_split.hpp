#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "foldback/store/messages.hpp"

namespace foldback {

/// The messages of a JSON body: their exact input slices joined by commas, and the size of each.
struct JsonSlices {
    std::string joined;
    std::vector<std::uint32_t> sizes;
};

/// Checks that `body` is one JSON value (RFC 8259, strict UTF-8, no byte order mark) and splits it: an array yields its
/// elements, anything else itself (PROTOCOL §9.1.2). Slices carry no surrounding whitespace and are otherwise
/// untouched. `limits.max_depth` counts the containers of one message, so the array that is taken apart does not count;
/// it cannot exceed 16384. Bytes in the error are counted from 0.
///
/// One pass without recursion: stack and heap do not grow with the nesting of the input.
[[nodiscard]] boost::system::result<JsonSlices, InvalidJson> split_json(std::string_view body,
                                                                        const JsonLimits& limits);

}  // namespace foldback
