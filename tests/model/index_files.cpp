#include "model/index_files.hpp"

#include <array>
#include <fstream>

namespace foldback::model {
namespace {

constexpr std::array suffixes{"", "-wal", "-shm"};
constexpr std::size_t kept_copies = 3;

}  // namespace

void IndexFiles::copy(const std::filesystem::path& from, const std::filesystem::path& to) const {
    for (const auto* suffix : suffixes) {
        std::filesystem::remove(to.string() + suffix);
        if (std::filesystem::exists(from.string() + suffix))
            std::filesystem::copy_file(from.string() + suffix, to.string() + suffix);
    }
}

void IndexFiles::keep_copy(Random& random) {
    if (copies_.size() < kept_copies) copies_.push_back(directory_.path() / ("copy-" + std::to_string(copies_.size())));
    copy(file(), copies_[below(random, copies_.size())]);
}

void IndexFiles::note_death() { copy(file(), directory_.path() / "death"); }
void IndexFiles::restore_death() { put(directory_.path() / "death"); }
void IndexFiles::put(const std::filesystem::path& from) { copy(from, file()); }

void IndexFiles::remove() {
    for (const auto* suffix : suffixes) std::filesystem::remove(file().string() + suffix);
}

std::string IndexFiles::suffer(Random& random) {
    const auto dice = below(random, 100);
    if (dice < 18) {
        remove();
        return "the index is deleted";
    }
    if (dice < 36 && !copies_.empty()) {
        put(copies_[below(random, copies_.size())]);
        return "the index is an old copy";
    }
    if (dice < 46 && std::filesystem::exists(file())) {
        damage(random);
        return damaged;
    }
    return "the index is kept";
}

void IndexFiles::damage(Random& random) {
    const auto size = std::filesystem::file_size(file());
    const auto kind = below(random, 3);
    if (kind == 0 || size == 0) return std::filesystem::resize_file(file(), below(random, size + 1));
    std::fstream file_bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
    if (kind == 1) {
        const auto byte = static_cast<std::streamoff>(below(random, size));
        file_bytes.seekg(byte);
        const auto flipped = static_cast<char>(file_bytes.get() ^ (1 << below(random, 8)));
        file_bytes.seekp(byte);
        file_bytes.put(flipped);
        return;
    }
    file_bytes.seekp(static_cast<std::streamoff>(below(random, size / 4096 + 1) * 4096));
    for (int i = 0; i < 4096; ++i) file_bytes.put(static_cast<char>(below(random, 256)));
}

}  // namespace foldback::model
