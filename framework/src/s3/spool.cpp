#include "s3/spool.hpp"

#include "log/bytes.hpp"
#include "log/log_files.hpp"

namespace foldback::s3 {

Spool::Spool(const std::filesystem::path& directory) {
    const auto device = make_file_device(directory);
    const auto name = log::fresh_name_beside("archive", ".spool");
    file_ = device->open(name, LogDevice::Open::create_new);
    device->remove(name);
}

void Spool::append(std::string_view bytes) {
    file_->write_at(size_, log::as_bytes(bytes));
    size_ += bytes.size();
}

std::size_t Spool::read_at(std::uint64_t offset, std::span<std::byte> out) const { return file_->read_at(offset, out); }

}  // namespace foldback::s3
