#include "http/chunk_decoder.hpp"

#include <algorithm>

namespace foldback::server::http {
namespace {

constexpr unsigned max_size_digits = 16;

/// 16 when `c` is no hexadecimal digit.
constexpr unsigned hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return 16;
}

}  // namespace

ChunkDecoder::Outcome ChunkDecoder::refuse(unsigned status, std::string_view code, std::string_view detail) noexcept {
    refusal_ = {.status = status, .code = code, .detail = detail};
    return Outcome::refused;
}

ChunkDecoder::Outcome ChunkDecoder::feed(std::string_view& input, std::string& body) {
    if (refusal_.status != 0) return Outcome::refused;
    while (!input.empty()) {
        if (state_ == State::data) {
            const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
            body.append(input.substr(0, taken));
            input.remove_prefix(taken);
            left_ -= taken;
            if (left_ == 0) state_ = State::data_end_cr;
            continue;
        }
        const auto outcome = step(input.front(), body);
        if (outcome == Outcome::refused) return outcome;
        input.remove_prefix(1);
        if (outcome == Outcome::complete) return outcome;
    }
    return Outcome::incomplete;
}

/// One byte of framing.
ChunkDecoder::Outcome ChunkDecoder::step(char byte, const std::string& body) {
    if (++framing_bytes_ > body.size() + limits_.overhead_bytes) {
        return refuse(400, "bad-framing", "The chunks are too small for their number.");
    }
    const auto expect = [&](char wanted, State next) {
        if (byte != wanted) {
            return refuse(400, "bad-framing", "A chunk must end with CR and LF; there are no trailers.");
        }
        state_ = next;
        return Outcome::incomplete;
    };
    switch (state_) {
        case State::size:
            if (const auto digit = hex_value(byte); digit < 16 && digits_ < max_size_digits) {
                left_ = left_ * 16 + digit;
                ++digits_;
                return Outcome::incomplete;
            }
            if (byte != '\r' || digits_ == 0) {
                return refuse(400, "bad-framing", "A chunk size is up to sixteen hexadecimal digits and nothing else.");
            }
            if (left_ > limits_.body_bytes - std::min<std::uint64_t>(limits_.body_bytes, body.size())) {
                return refuse(413, "body-too-large", "The body is too large.");
            }
            state_ = State::size_end;
            return Outcome::incomplete;
        case State::size_end: digits_ = 0; return expect('\n', left_ == 0 ? State::last_cr : State::data);
        case State::data: break;  // not framing
        case State::data_end_cr: return expect('\r', State::data_end_lf);
        case State::data_end_lf: return expect('\n', State::size);
        case State::last_cr: return expect('\r', State::last_lf);
        case State::last_lf:
            return expect('\n', State::last_lf) == Outcome::refused ? Outcome::refused : Outcome::complete;
    }
    return Outcome::incomplete;
}

}  // namespace foldback::server::http
