#include "fault/recorder.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace foldback::fault {
namespace {

using Kind = DiskOperation::Kind;

/// The C library's function that one of ours stands before.
template <class Function>
Function* real(const char* name) {
    auto* found = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
    if (found == nullptr) std::abort();
    return found;
}

struct OpenFile {
    std::string path;
    std::uint64_t inode = 0;  ///< 0: a directory
};

/// What is recorded now.
struct Session {
    std::mutex mutex;
    std::atomic<bool> active{false};
    std::string root;
    std::vector<DiskOperation> operations;
    std::unordered_map<std::string, std::uint64_t> names;
    std::unordered_map<int, OpenFile> open_files;
    std::uint64_t last_inode = 0;
    std::optional<InjectedFault> fault;
    std::uint64_t injected = 0;

    /// Whether this call is one to fail; then errno is set.
    [[nodiscard]] bool fails(InjectedFault::On on) {
        if (!fault || fault->on != on) return false;
        if (fault->after_calls > 0) {
            --fault->after_calls;
            return false;
        }
        errno = fault->error;
        ++injected;
        if (!fault->sticky) fault.reset();
        return true;
    }

    [[nodiscard]] const OpenFile* file(int descriptor) const {
        const auto found = open_files.find(descriptor);
        return found == open_files.end() ? nullptr : &found->second;
    }

    /// The part below the watched directory.
    [[nodiscard]] std::optional<std::string> watched(std::string_view absolute) const {
        if (absolute == root) return std::string();
        if (!absolute.starts_with(root) || absolute.size() <= root.size() || absolute[root.size()] != '/') return {};
        return std::string(absolute.substr(root.size() + 1));
    }

    [[nodiscard]] std::optional<std::string> watched(int directory, const char* name) const {
        if (name[0] == '/') return watched(name);
        const auto* parent = file(directory);
        if (parent == nullptr) return {};
        return parent->path.empty() ? std::string(name) : parent->path + "/" + name;
    }
};

// Never destroyed: files are closed until the very end of the process.
Session& session() {
    static auto* const only = new Session;
    return *only;
}

std::string path_of(int descriptor) {
    std::array<char, 4096> path{};
    const auto link = "/proc/self/fd/" + std::to_string(descriptor);
    const auto size = ::readlink(link.c_str(), path.data(), path.size());
    return size < 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(size));
}

/// Does the call, and notes what it did when it succeeded and something is recorded. `is_watched` says whether it is one
/// of those that may be made to fail.
template <class Call, class IsWatched, class Note>
auto noted(InjectedFault::On on, Call call, IsWatched is_watched, Note note) {
    auto& now = session();
    if (!now.active) return call();
    const std::lock_guard lock(now.mutex);
    using Outcome = decltype(call());
    if (now.fault && is_watched(now) && now.fails(on)) return Outcome{-1};
    const auto result = call();
    if (result >= 0 && now.active) note(now, result);
    return result;
}

int note_open(Session& now, int descriptor, int flags) {
    now.open_files.erase(descriptor);
    const auto path = now.watched(path_of(descriptor));
    if (!path) return descriptor;
    struct stat status {};
    if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
        now.open_files[descriptor] = {*path, 0};
        return descriptor;
    }
    auto known = now.names.find(*path);
    if (known == now.names.end()) {
        known = now.names.emplace(*path, ++now.last_inode).first;
        now.operations.push_back({.kind = Kind::create, .path = *path, .inode = known->second});
    } else if ((flags & O_TRUNC) != 0) {
        now.operations.push_back({.kind = Kind::resize, .inode = known->second, .size = 0});
    }
    now.open_files[descriptor] = {*path, known->second};
    return descriptor;
}

template <class Call>
int open_noted(int directory, const char* path, int flags, Call call) {
    return noted(
        InjectedFault::On::open, call, [&](const Session& now) { return now.watched(directory, path).has_value(); },
        [&](Session& now, int descriptor) { note_open(now, descriptor, flags); });
}

/// For calls on an open file.
template <class Call, class Note>
auto noted_on(int descriptor, Call call, Note note) {
    return noted(
        InjectedFault::On::change, call, [&](const Session& now) { return now.file(descriptor) != nullptr; }, note);
}

template <class Call>
ssize_t read_noted(int descriptor, Call call) {
    return noted(
        InjectedFault::On::read, call, [&](const Session& now) { return now.file(descriptor) != nullptr; },
        [](Session&, ssize_t) {});
}

/// For calls on a name.
template <class Call, class Note>
auto noted_at(int directory, const char* name, Call call, Note note) {
    return noted(
        InjectedFault::On::change, call, [&](const Session& now) { return now.watched(directory, name).has_value(); },
        note);
}

template <class Call>
ssize_t write_noted(int descriptor, const void* data, std::int64_t offset, Call call) {
    return noted_on(descriptor, call, [&](Session& now, ssize_t size) {
        const auto* file = now.file(descriptor);
        if (file == nullptr) return;
        if (offset < 0) throw std::logic_error("a write without an offset is not understood");
        now.operations.push_back({.kind = Kind::write,
                                  .inode = file->inode,
                                  .offset = static_cast<std::uint64_t>(offset),
                                  .data = {static_cast<const char*>(data), static_cast<std::size_t>(size)}});
    });
}

void note_resize(Session& now, int descriptor, bool only_grow, std::int64_t size) {
    const auto* file = now.file(descriptor);
    if (file == nullptr) return;
    if (only_grow) {
        struct stat status {};
        static_cast<void>(::fstat(descriptor, &status));
        size = status.st_size;
    }
    now.operations.push_back({.kind = Kind::resize, .inode = file->inode, .size = static_cast<std::uint64_t>(size)});
}

template <class Call>
int sync_noted(int descriptor, Call call) {
    return noted_on(descriptor, call, [&](Session& now, int) {
        const auto* file = now.file(descriptor);
        if (file == nullptr) return;
        if (file->inode == 0) {
            now.operations.push_back({.kind = Kind::sync_directory, .path = file->path});
        } else {
            now.operations.push_back({.kind = Kind::sync_file, .inode = file->inode});
        }
    });
}

template <class Call>
int remove_noted(int directory, const char* name, Call call) {
    return noted_at(directory, name, call, [&](Session& now, int) {
        const auto path = now.watched(directory, name);
        if (!path) return;
        const auto known = now.names.find(*path);
        now.operations.push_back({.kind = Kind::remove, .path = known == now.names.end() ? *path + "/" : *path});
        if (known != now.names.end()) now.names.erase(known);
    });
}

template <class Call>
int rename_noted(int from_directory, const char* from, int to_directory, const char* to, Call call) {
    return noted_at(from_directory, from, call, [&](Session& now, int) {
        const auto old_path = now.watched(from_directory, from);
        const auto new_path = now.watched(to_directory, to);
        if (!old_path || !new_path) return;
        const auto inode = now.names.at(*old_path);
        now.names.erase(*old_path);
        now.names.insert_or_assign(*new_path, inode);
        now.operations.push_back({.kind = Kind::rename, .path = *old_path, .new_path = *new_path, .inode = inode});
    });
}

template <class Call>
int make_directory_noted(const char* name, Call call) {
    return noted_at(AT_FDCWD, name, call, [&](Session& now, int) {
        if (const auto path = now.watched(AT_FDCWD, name))
            now.operations.push_back({.kind = Kind::make_directory, .path = *path});
    });
}

}  // namespace

Recorder::Recorder(const std::filesystem::path& directory) {
    auto& now = session();
    const std::lock_guard lock(now.mutex);
    if (now.active) throw std::logic_error("something is recorded already");
    now.root = directory.string();
    now.operations.clear();
    now.names.clear();
    now.open_files.clear();
    now.last_inode = 0;
    now.fault.reset();
    now.injected = 0;
    for (const auto& [path, contents] : image_of(directory)) {
        if (!path.ends_with('/')) now.names.emplace(path, ++now.last_inode);
    }
    now.active = true;
}

Recorder::~Recorder() { static_cast<void>(finish()); }

std::size_t Recorder::size() const {
    auto& now = session();
    const std::lock_guard lock(now.mutex);
    return now.operations.size();
}

void Recorder::inject(const InjectedFault& fault) {
    auto& now = session();
    const std::lock_guard lock(now.mutex);
    now.fault = fault;
}

std::uint64_t Recorder::injected() const {
    auto& now = session();
    const std::lock_guard lock(now.mutex);
    return now.injected;
}

std::vector<DiskOperation> Recorder::finish() {
    auto& now = session();
    const std::lock_guard lock(now.mutex);
    now.active = false;
    now.fault.reset();
    return std::exchange(now.operations, {});
}

}  // namespace foldback::fault

// The functions of the C library that change files, under their own names: the linker gives them to everybody.

using namespace foldback::fault;  // NOLINT(google-build-using-namespace)

namespace {

mode_t mode_of(int flags, va_list arguments) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    static auto* const call = real<int(const char*, int, ...)>("open");
    return open_noted(AT_FDCWD, path, flags, [&] { return call(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    static auto* const call = real<int(const char*, int, ...)>("open64");
    return open_noted(AT_FDCWD, path, flags, [&] { return call(path, flags, mode); });
}

int openat(int directory, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    static auto* const call = real<int(int, const char*, int, ...)>("openat");
    return open_noted(directory, path, flags, [&] { return call(directory, path, flags, mode); });
}

int close(int descriptor) {
    static auto* const call = real<int(int)>("close");
    auto& now = session();
    if (!now.active) return call(descriptor);
    const std::lock_guard lock(now.mutex);
    now.open_files.erase(descriptor);
    return call(descriptor);
}

ssize_t write(int descriptor, const void* data, size_t size) {
    static auto* const call = real<ssize_t(int, const void*, size_t)>("write");
    return write_noted(descriptor, data, -1, [&] { return call(descriptor, data, size); });
}

ssize_t pwrite(int descriptor, const void* data, size_t size, off_t offset) {
    static auto* const call = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
    return write_noted(descriptor, data, offset, [&] { return call(descriptor, data, size, offset); });
}

ssize_t pwrite64(int descriptor, const void* data, size_t size, off64_t offset) {
    static auto* const call = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
    return write_noted(descriptor, data, offset, [&] { return call(descriptor, data, size, offset); });
}

ssize_t pread(int descriptor, void* data, size_t size, off_t offset) {
    static auto* const call = real<ssize_t(int, void*, size_t, off_t)>("pread");
    return read_noted(descriptor, [&] { return call(descriptor, data, size, offset); });
}

ssize_t pread64(int descriptor, void* data, size_t size, off64_t offset) {
    static auto* const call = real<ssize_t(int, void*, size_t, off64_t)>("pread64");
    return read_noted(descriptor, [&] { return call(descriptor, data, size, offset); });
}

int ftruncate(int descriptor, off_t size) noexcept {
    static auto* const call = real<int(int, off_t)>("ftruncate");
    return noted_on(
        descriptor, [&] { return call(descriptor, size); },
        [&](Session& now, int) { note_resize(now, descriptor, false, size); });
}

int ftruncate64(int descriptor, off64_t size) noexcept {
    static auto* const call = real<int(int, off64_t)>("ftruncate64");
    return noted_on(
        descriptor, [&] { return call(descriptor, size); },
        [&](Session& now, int) { note_resize(now, descriptor, false, size); });
}

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    static auto* const call = real<int(int, int, off_t, off_t)>("fallocate");
    return noted_on(
        descriptor, [&] { return call(descriptor, mode, offset, length); },
        [&](Session& now, int) { note_resize(now, descriptor, true, 0); });
}

int fsync(int descriptor) {
    static auto* const call = real<int(int)>("fsync");
    return sync_noted(descriptor, [&] { return call(descriptor); });
}

int fdatasync(int descriptor) {
    static auto* const call = real<int(int)>("fdatasync");
    return sync_noted(descriptor, [&] { return call(descriptor); });
}

int unlink(const char* path) noexcept {
    static auto* const call = real<int(const char*)>("unlink");
    return remove_noted(AT_FDCWD, path, [&] { return call(path); });
}

int unlinkat(int directory, const char* path, int flags) noexcept {
    static auto* const call = real<int(int, const char*, int)>("unlinkat");
    return remove_noted(directory, path, [&] { return call(directory, path, flags); });
}

int remove(const char* path) noexcept {
    static auto* const call = real<int(const char*)>("remove");
    return remove_noted(AT_FDCWD, path, [&] { return call(path); });
}

int rename(const char* from, const char* to) noexcept {
    static auto* const call = real<int(const char*, const char*)>("rename");
    return rename_noted(AT_FDCWD, from, AT_FDCWD, to, [&] { return call(from, to); });
}

int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
    static auto* const call = real<int(int, const char*, int, const char*)>("renameat");
    return rename_noted(from_directory, from, to_directory, to,
                        [&] { return call(from_directory, from, to_directory, to); });
}

int mkdir(const char* path, mode_t mode) noexcept {
    static auto* const call = real<int(const char*, mode_t)>("mkdir");
    return make_directory_noted(path, [&] { return call(path, mode); });
}

}  // extern "C"
