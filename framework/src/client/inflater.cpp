#include "client/inflater.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

namespace foldback::client::detail {

struct Inflater::State {
    z_stream stream{};
    bool is_done = false;
};

Inflater::Inflater() : state_(std::make_unique<State>()) {
    // 15 bits of window; 32: gzip or zlib, as the data says.
    if (inflateInit2(&state_->stream, 15 + 32) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

bool Inflater::add(std::string_view bytes, std::string& out, std::size_t max_bytes) {
    auto& stream = state_->stream;
    std::array<char, 64 << 10> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled before it is read
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    do {
        if (state_->is_done) return stream.avail_in == 0;
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = piece.size();
        const int result = inflate(&stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return false;
        const auto count = piece.size() - stream.avail_out;
        if (count > max_bytes - std::min(max_bytes, out.size())) return false;
        out.append(piece.data(), count);
        state_->is_done = result == Z_STREAM_END;
    } while (stream.avail_in > 0 || stream.avail_out == 0);
    return true;
}

bool Inflater::is_done() const noexcept { return state_->is_done; }

}  // namespace foldback::client::detail
