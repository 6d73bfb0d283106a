#include "http/output.hpp"

#include <array>
#include <span>
#include <utility>

namespace foldback::server::http {
namespace {

constexpr std::size_t copied_bytes = 4 << 10;  // below this a copy is cheaper than another buffer for the kernel
constexpr std::size_t kept_capacity = 8 << 10;
constexpr std::size_t gathered_parts = 64;

}  // namespace

std::string& Output::begin() {
    clear();
    return head_;
}

void Output::body(std::string text) {
    if (text.size() <= copied_bytes) {
        head_.append(text);
    } else {
        body_ = std::move(text);
    }
}

void Output::pieces(std::vector<Piece> pieces) {
    if (body_.empty() && pieces.size() == 1 && pieces.front().bytes.size() <= copied_bytes) {
        head_.append(pieces.front().bytes);
    } else {
        pieces_ = std::move(pieces);
    }
}

void Output::clear() {
    if (head_.capacity() > kept_capacity) std::string().swap(head_);
    head_.clear();
    std::string().swap(body_);
    pieces_.clear();
    ending_ = {};
    current_ = offset_ = 0;
    sent_ = 0;
}

void Output::release() {
    clear();
    std::string().swap(head_);
    std::vector<Piece>().swap(pieces_);
}

std::string_view Output::part(std::size_t index) const noexcept {
    if (index == 0) return head_;
    if (index == 1) return body_;
    if (index == pieces_.size() + 2) return ending_;
    return pieces_[index - 2].bytes;
}

void Output::advance(std::size_t bytes) noexcept {
    sent_ += bytes;
    while (current_ < parts()) {
        const auto left = part(current_).size() - offset_;
        if (bytes < left) break;
        bytes -= left;
        offset_ = 0;
        ++current_;
    }
    offset_ += bytes;
}

Output::Progress Output::send(Wire& wire) {
    while (true) {
        std::array<iovec, gathered_parts> vectors;
        std::size_t count = 0;
        auto index = current_;
        for (; index < parts() && count < vectors.size(); ++index) {
            auto bytes = part(index);
            if (index == current_) bytes.remove_prefix(offset_);
            if (bytes.empty()) continue;
            vectors[count++] = {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
        }
        if (count == 0) return Progress::done;

        const auto more = index < parts() ? MoreFollows::yes : MoreFollows::no;
        const auto sent = wire.send(std::span(vectors).first(count), more);
        if (!sent) return Progress::failed;
        if (*sent == 0) return Progress::blocked;
        advance(*sent);
    }
}

}  // namespace foldback::server::http
