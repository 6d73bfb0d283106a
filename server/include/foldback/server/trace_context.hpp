#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace foldback::server {

/// What a W3C `traceparent` header says (Trace Context, §3.2): which trace a request belongs to.
struct TraceContext {
    std::string trace_id;   ///< 32 hexadecimal digits
    std::string parent_id;  ///< 16 hexadecimal digits
    bool sampled = false;
};

/// Absent unless the value is valid: a header that is not is to be treated as if it were not there.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view value);

}  // namespace foldback::server
