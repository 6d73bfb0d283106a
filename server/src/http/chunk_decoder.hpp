#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/refusal.hpp"

namespace foldback::server::http {

struct ChunkLimits {
    std::uint64_t body_bytes = 8 << 20;
    /// Framing bytes allowed beyond the data they carry: a body of one-byte chunks must end early.
    std::uint64_t overhead_bytes = 64 << 10;
};

/// Decodes a chunked body (RFC 9112 §7.1). A chunk line is one to sixteen hexadecimal digits and nothing else: chunk
/// extensions and trailers are refused, because intermediaries disagree about where they end. The outcome depends on
/// the bytes only, not on how they were divided into calls.
class ChunkDecoder {
public:
    explicit ChunkDecoder(ChunkLimits limits) : limits_(limits) {}

    enum class Outcome : std::uint8_t { incomplete, complete, refused };

    /// Takes what it can from the front of `input` and appends the data to `body`. After `complete`, `input` begins
    /// after the body; after `incomplete`, it is empty.
    [[nodiscard]] Outcome feed(std::string_view& input, std::string& body);

    /// After `refused`.
    [[nodiscard]] const Refusal& refusal() const noexcept { return refusal_; }

private:
    enum class State : std::uint8_t { size, size_end, data, data_end_cr, data_end_lf, last_cr, last_lf };

    [[nodiscard]] Outcome step(char byte, const std::string& body);
    Outcome refuse(unsigned status, std::string_view code, std::string_view detail) noexcept;

    ChunkLimits limits_;
    State state_ = State::size;
    unsigned digits_ = 0;
    std::uint64_t left_ = 0;  ///< of the chunk
    std::uint64_t framing_bytes_ = 0;
    Refusal refusal_;
};

}  // namespace foldback::server::http
