#include "s3/object.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "log/bytes.hpp"

namespace foldback::s3 {
namespace {

constexpr std::uint64_t first_bytes = 4096;  // all that tells what an object is: a segment's header, or a FORMAT file
constexpr std::uint64_t window_bytes = 8 << 20;

}  // namespace

std::shared_ptr<const Object> Object::find(std::shared_ptr<Caller> caller, std::string key,
                                           std::filesystem::path scratch, std::stop_token stop) {
    auto beginning = caller->get(key, 0, first_bytes, stop);
    if (!beginning) return nullptr;
    return std::make_shared<Object>(std::move(caller), std::move(key), std::move(scratch), std::move(stop),
                                    std::move(*beginning));
}

Object::Object(std::shared_ptr<Caller> caller, std::string key, std::filesystem::path scratch, std::stop_token stop,
               Piece beginning)
    : caller_(std::move(caller)),
      key_(std::move(key)),
      scratch_(std::move(scratch)),
      stop_(std::move(stop)),
      size_(beginning.object_bytes),
      etag_(std::move(beginning.etag)),
      first_(std::move(beginning.bytes)) {}

std::size_t Object::read_at(std::uint64_t offset, std::span<std::byte> out) const {
    if (offset >= size_) return 0;
    out = out.first(std::min<std::uint64_t>(out.size(), size_ - offset));
    if (offset + out.size() <= first_.size()) {
        std::memcpy(out.data(), first_.data() + offset, out.size());
        return out.size();
    }
    const std::lock_guard lock(mutex_);
    const auto known = beginning_ ? beginning_->size() : first_.size();
    if (offset <= known) {
        read_beginning_to(offset + out.size());
        return beginning_->read_at(offset, out);
    }
    for (std::size_t done = 0; done < out.size();) {
        const auto bytes = fetch(offset + done, std::min<std::uint64_t>(out.size() - done, window_bytes));
        std::memcpy(out.data() + done, bytes.data(), bytes.size());
        done += bytes.size();
    }
    return out.size();
}

void Object::read_beginning_to(std::uint64_t end) const {
    if (!beginning_) beginning_.emplace(scratch_).append(first_);
    while (beginning_->size() < end) {
        const auto from = beginning_->size();
        beginning_->append(fetch(from, std::min(window_bytes, size_ - from)));
    }
}

std::string Object::fetch(std::uint64_t from, std::uint64_t bytes) const {
    auto piece = caller_->get(key_, from, bytes, stop_);
    if (!piece || piece->object_bytes != size_ || piece->etag != etag_)
        throw DeviceError(std::make_error_code(std::errc::protocol_error),
                          caller_->describe(key_) + " is another one than it was");
    return std::move(piece->bytes);
}

}  // namespace foldback::s3
