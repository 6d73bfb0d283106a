#include "http/input.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace foldback::server::http {

Input::Received Input::receive(int socket, std::size_t limit) {
    const auto capacity = pool_.buffer_bytes();
    const auto wanted = std::min(limit, capacity) - std::min(size(), std::min(limit, capacity));
    if (wanted == 0) return Received::nothing;
    if (!buffer_) buffer_ = pool_.take();
    if (capacity - end_ < wanted) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, size());
        end_ = size();
        begin_ = 0;
    }
    while (true) {
        const auto received = ::recv(socket, buffer_.get() + end_, wanted, MSG_DONTWAIT);
        if (received > 0) {
            end_ += static_cast<std::size_t>(received);
            return Received::data;
        }
        if (received < 0 && errno == EINTR) continue;
        const bool nothing = received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (empty()) release();
        return nothing ? Received::nothing : Received::end;
    }
}

}  // namespace foldback::server::http
