#include "log/directory.hpp"

#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "foldback/store/read_mode.hpp"

namespace foldback::log {

namespace {

constexpr mode_t file_mode = 0600;

}  // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) ::close(number_);
}

void throw_device_error(int error, const std::string& what) {
    throw DeviceError(std::error_code(error, std::generic_category()), what);
}

Directory::Directory(std::filesystem::path path, std::size_t settled_limit)
    : path_(std::move(path)),
      settled_limit_(settled_limit),
      descriptor_(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_.get() < 0) throw_device_error(errno, "opening the directory " + path_.string());
}

Descriptor Directory::open_descriptor(const std::string& name, int flags) const {
    Descriptor file(uninterrupted(
        [&] { return ::openat(descriptor_.get(), name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, file_mode); }));
    if (file.get() < 0) throw_device_error(errno, "opening " + describe(name));
    return file;
}

std::unique_ptr<Directory::File> Directory::open(std::string_view name, int flags, bool is_settled) {
    const std::string text(name);
    std::unique_ptr<File> file;          // takes the lock when it goes, and so goes after it
    const std::lock_guard lock(mutex_);  // between opening it and knowing it, no other may take its name
    file = std::make_unique<File>(shared_from_this(), text, open_descriptor(text, flags));
    files_.emplace(text, file.get());
    if (is_settled) {
        closable_.push_back(file.get());
        close_some();
    }
    return file;
}

void Directory::rename(std::string_view from, std::string_view to) {
    const std::string old_name(from);
    const std::string new_name(to);
    const std::lock_guard lock(mutex_);
    keep_open_those_named(new_name);
    // What needs memory comes before what cannot be undone.
    std::vector<std::string> names(2 * files_.count(old_name), new_name);
    const auto take_name = [&] {
        auto taken = std::move(names.back());
        names.pop_back();
        return taken;
    };
    if (::renameat(descriptor_.get(), old_name.c_str(), descriptor_.get(), new_name.c_str()) != 0) {
        throw_device_error(errno, "renaming " + describe(from) + " to " + new_name);
    }
    files_.erase(new_name);
    while (auto node = files_.extract(old_name)) {
        node.key() = take_name();
        node.mapped()->name_ = take_name();
        files_.insert(std::move(node));
    }
}

void Directory::remove(std::string_view name) {
    const std::string text(name);
    const std::lock_guard lock(mutex_);
    keep_open_those_named(text);
    if (::unlinkat(descriptor_.get(), text.c_str(), 0) != 0) throw_device_error(errno, "removing " + describe(name));
    files_.erase(text);
}

/// They are about to lose their name, and cannot be opened again.
void Directory::keep_open_those_named(const std::string& name) {
    const auto [first, last] = files_.equal_range(name);
    for (auto it = first; it != last; ++it) {
        File& file = *it->second;
        if (!file.descriptor()) {
            file.set_descriptor(std::make_shared<const Descriptor>(open_descriptor(name, O_RDONLY)));
        }
        std::erase(closable_, &file);
        file.has_name_ = false;
    }
}

std::shared_ptr<const Descriptor> Directory::reopen(File& file) {
    const std::lock_guard lock(mutex_);
    if (auto open = file.descriptor()) return open;  // another thread was faster
    auto descriptor = std::make_shared<const Descriptor>(open_descriptor(file.name_, O_RDONLY));
    closable_.push_back(&file);
    file.set_descriptor(descriptor);
    close_some();
    return descriptor;
}

/// The second chance: what was used since it came last to the front goes to the back once.
void Directory::close_some() {
    for (std::size_t chances = closable_.size(); closable_.size() > settled_limit_;) {
        File& file = *closable_.front();
        closable_.pop_front();
        if (chances > 0 && file.used_.exchange(false)) {
            --chances;
            closable_.push_back(&file);
        } else {
            file.set_descriptor(nullptr);
        }
    }
}

Directory::File::File(std::shared_ptr<Directory> directory, std::string name, Descriptor descriptor)
    : directory_(std::move(directory)),
      name_(std::move(name)),
      descriptor_(std::make_shared<const Descriptor>(std::move(descriptor))) {}

Directory::File::~File() {
    const std::lock_guard lock(directory_->mutex_);
    std::erase(directory_->closable_, this);
    const auto [first, last] = directory_->files_.equal_range(name_);
    const auto known = std::find_if(first, last, [&](const auto& entry) { return entry.second == this; });
    if (known != last) directory_->files_.erase(known);
}

std::shared_ptr<const Descriptor> Directory::File::opened() {
    used_.store(true, std::memory_order_relaxed);
    if (auto open = descriptor()) return open;
    if (ReadMode::current() == ReadMode::memory_only) throw NotInMemory();
    return directory_->reopen(*this);
}

void Directory::File::settle() {
    const std::lock_guard lock(directory_->mutex_);
    if (!has_name_) return;
    std::erase(directory_->closable_, this);
    set_descriptor(nullptr);
}

std::string Directory::File::path() const {
    const std::lock_guard lock(directory_->mutex_);
    return directory_->describe(name_);
}

std::shared_ptr<const Descriptor> Directory::File::descriptor() const {
    const std::lock_guard lock(mutex_);
    return descriptor_;
}

void Directory::File::set_descriptor(std::shared_ptr<const Descriptor> descriptor) {
    const std::lock_guard lock(mutex_);
    descriptor_.swap(descriptor);
}

}  // namespace foldback::log
