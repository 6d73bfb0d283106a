#include "http/input.hpp"

#include <algorithm>

namespace foldback::server::http {

Input::Received Input::receive(Wire& wire, std::size_t limit) {
    const auto capacity = pool_.buffer_bytes();
    const auto wanted = std::min(limit, capacity) - std::min(size(), std::min(limit, capacity));
    if (wanted == 0) return Received::nothing;
    if (!buffer_) buffer_ = pool_.take();
    if (capacity - end_ < wanted) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, size());
        end_ = size();
        begin_ = 0;
    }
    const auto received = wire.receive(buffer_.get() + end_, wanted);
    if (received && *received > 0) {
        end_ += *received;
        return Received::data;
    }
    if (empty()) release();
    return received ? Received::nothing : Received::end;
}

}  // namespace foldback::server::http
