#include "fault/disk.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace foldback::fault {
namespace {

using Kind = DiskOperation::Kind;

bool chance(Random& random) { return (random() & 1U) != 0; }

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

void extend(std::string& contents, std::uint64_t size) {
    if (contents.size() < size) contents.resize(size, '\0');
}

void apply_whole(const DiskOperation& change, std::string& contents) {
    if (change.kind == Kind::resize) return contents.resize(change.size, '\0');
    extend(contents, change.offset + change.data.size());
    contents.replace(change.offset, change.data.size(), change.data);
}

void apply_pieces(const DiskOperation& change, std::uint64_t piece_bytes, std::string& contents, Random& random) {
    const auto end = change.offset + change.data.size();
    if (chance(random)) extend(contents, end);
    for (auto at = change.offset; at < end;) {
        const auto next = std::min(end, (at / piece_bytes + 1) * piece_bytes);
        if (chance(random)) {
            extend(contents, next);
            contents.replace(at, next - at, change.data, at - change.offset, next - at);
        }
        at = next;
    }
}

void apply_with_loss(const DiskOperation& change, Loss loss, std::string& contents, Random& random) {
    if (loss == Loss::none) return apply_whole(change, contents);
    if (loss == Loss::zeros) {
        if (change.kind == Kind::resize) return apply_whole(change, contents);
        return extend(contents, change.offset + change.data.size());
    }
    if (change.kind == Kind::resize || loss == Loss::some_writes) {
        if (chance(random)) apply_whole(change, contents);
        return;
    }
    apply_pieces(change, loss == Loss::torn_sectors ? 512 : 4096, contents, random);
}

void apply_name(const DiskOperation& change, std::map<std::string, std::uint64_t>& names) {
    switch (change.kind) {
        case Kind::make_directory: names.insert_or_assign(change.path + "/", 0); return;
        case Kind::create: names.insert_or_assign(change.path, change.inode); return;
        case Kind::remove: names.erase(change.path); return;
        case Kind::rename:
            names.erase(change.path);
            names.insert_or_assign(change.new_path, change.inode);
            return;
        case Kind::write:
        case Kind::resize:
        case Kind::sync_file:
        case Kind::sync_directory: throw std::logic_error("this changes no name");
    }
}

}  // namespace

const char* name_of(Loss loss) noexcept {
    switch (loss) {
        case Loss::all: return "all that was not synced is lost";
        case Loss::none: return "nothing is lost";
        case Loss::some_writes: return "some writes are lost";
        case Loss::torn_sectors: return "writes are torn at 512 bytes";
        case Loss::torn_pages: return "writes are torn at 4 KiB";
        case Loss::zeros: return "what was written reads as zeros";
    }
    return "";
}

void put(const Image& image, const std::filesystem::path& directory) {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    for (const auto& [path, contents] : image) {
        if (path.ends_with('/')) {
            std::filesystem::create_directory(directory / path.substr(0, path.size() - 1));
            continue;
        }
        std::ofstream file(directory / path, std::ios::binary);
        file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
        if (!file.flush()) throw std::runtime_error("cannot write " + path);
    }
}

Image image_of(const std::filesystem::path& directory) {
    Image image;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        const auto path = std::filesystem::relative(entry.path(), directory).string();
        if (entry.is_directory()) {
            image[path + "/"] = {};
            continue;
        }
        std::ifstream file(entry.path(), std::ios::binary);
        image[path] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    return image;
}

Disk::Disk(const Image& initial, Lies lies) : lies_(lies) {
    std::uint64_t inode = 0;
    for (const auto& [path, contents] : initial) {
        const bool is_directory = path.ends_with('/');
        durable_names_[path] = is_directory ? 0 : ++inode;
        if (!is_directory) files_[inode].durable = contents;
    }
}

void Disk::apply(const DiskOperation& operation) {
    switch (operation.kind) {
        case Kind::make_directory:
        case Kind::create:
        case Kind::rename:
        case Kind::remove: unsynced_names_[parent_of(operation.path)].push_back(&operation); return;
        case Kind::write:
        case Kind::resize: files_[operation.inode].unsynced.push_back(&operation); return;
        case Kind::sync_file: {
            if (lies_.ignores_file_syncs) return;
            auto& file = files_[operation.inode];
            for (const auto* change : std::exchange(file.unsynced, {})) apply_whole(*change, file.durable);
            return;
        }
        case Kind::sync_directory: {
            if (lies_.ignores_directory_syncs) return;
            const auto place = unsynced_names_.find(operation.path);
            if (place == unsynced_names_.end()) return;
            for (const auto* change : place->second) apply_name(*change, durable_names_);
            unsynced_names_.erase(place);
            return;
        }
    }
}

Disk::Names Disk::names_after(Loss loss, Random& random) const {
    auto names = durable_names_;
    for (const auto& [directory, changes] : unsynced_names_) {
        const auto kept = loss == Loss::all    ? 0
                          : loss == Loss::none ? changes.size()
                                               : static_cast<std::size_t>(random() % (changes.size() + 1));
        for (std::size_t i = 0; i < kept; ++i) apply_name(*changes[i], names);
    }
    return names;
}

std::string Disk::contents_after(const File& file, Loss loss, Random& random) {
    auto contents = file.durable;
    if (loss == Loss::all) return contents;
    for (const auto* change : file.unsynced) apply_with_loss(*change, loss, contents, random);
    return contents;
}

Image Disk::after(Loss loss, Random& random) const {
    Image image;
    for (const auto& [path, inode] : names_after(loss, random)) {
        const auto parent = parent_of(path.ends_with('/') ? path.substr(0, path.size() - 1) : path);
        if (!parent.empty() && !image.contains(parent + "/")) continue;  // gone with its directory
        if (path.ends_with('/')) {
            image[path] = {};
            continue;
        }
        const auto file = files_.find(inode);
        image[path] = file == files_.end() ? std::string() : contents_after(file->second, loss, random);
    }
    return image;
}

}  // namespace foldback::fault
