#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>

#include "log/bytes.hpp"
#include "log/device.hpp"

namespace foldback {

namespace {

[[noreturn]] void fail(int error, const std::string& what) {
    throw DeviceError(std::error_code(error, std::generic_category()), what);
}

struct FreeBlock {
    void operator()(std::byte* block) const noexcept { std::free(block); }
};

/// A file's bytes in blocks that come into being when something other than zeros is written to them. Readers find
/// blocks through atomic pointers, so that they need no lock.
class Blocks {
public:
    static constexpr std::uint64_t block_bytes = 1 << 20;
    static constexpr std::uint64_t blocks_per_leaf = 1024;
    static constexpr std::uint64_t leaves = 1024;
    static constexpr std::uint64_t max_bytes = leaves * blocks_per_leaf * block_bytes;

    Blocks() = default;
    Blocks(const Blocks&) = delete;
    Blocks& operator=(const Blocks&) = delete;
    ~Blocks() {
        for (auto& leaf_pointer : root_) {
            const std::unique_ptr<Leaf> leaf(leaf_pointer.load());
            if (!leaf) continue;
            for (auto& block : *leaf) FreeBlock{}(block.load());
        }
    }

    /// Null where nothing was written.
    [[nodiscard]] std::byte* find(std::uint64_t block) const noexcept {
        const Leaf* leaf = root_[block / blocks_per_leaf].load(std::memory_order_acquire);
        return leaf == nullptr ? nullptr : (*leaf)[block % blocks_per_leaf].load(std::memory_order_acquire);
    }

    [[nodiscard]] std::byte* find_or_add(std::uint64_t block) {
        auto& leaf_pointer = root_[block / blocks_per_leaf];
        if (leaf_pointer.load() == nullptr) leaf_pointer.store(new Leaf(), std::memory_order_release);
        auto& block_pointer = (*leaf_pointer.load())[block % blocks_per_leaf];
        if (block_pointer.load() == nullptr) {
            auto* bytes = static_cast<std::byte*>(std::calloc(1, block_bytes));
            if (bytes == nullptr) throw std::bad_alloc();
            block_pointer.store(bytes, std::memory_order_release);
        }
        return block_pointer.load();
    }

private:
    using Leaf = std::array<std::atomic<std::byte*>, blocks_per_leaf>;

    std::array<std::atomic<Leaf*>, leaves> root_{};
};

struct Contents {
    Blocks blocks;
    std::atomic<std::uint64_t> size{0};
};

class MemoryFile final : public LogFile {
public:
    MemoryFile(std::shared_ptr<Contents> contents, bool writable)
        : contents_(std::move(contents)), writable_(writable) {}

    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
        const auto size = contents_->size.load(std::memory_order_acquire);
        if (offset >= size) return 0;
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size - offset));
        for_each_block(offset, wanted,
                       [&](std::uint64_t block, std::uint64_t begin, std::size_t done, std::size_t count) {
                           const std::byte* bytes = contents_->blocks.find(block);
                           if (bytes != nullptr) {
                               std::memcpy(out.data() + done, bytes + begin, count);
                           } else {
                               std::memset(out.data() + done, 0, count);
                           }
                       });
        return wanted;
    }

    void write_at(std::uint64_t offset, std::span<const std::byte> data) override {
        if (!writable_) fail(EBADF, "writing a file that was opened for reading");
        if (offset > Blocks::max_bytes || data.size() > Blocks::max_bytes - offset) fail(EFBIG, "a file in memory");
        for_each_block(offset, data.size(),
                       [&](std::uint64_t block, std::uint64_t begin, std::size_t done, std::size_t count) {
                           const auto part = data.subspan(done, count);
                           const std::string_view text(reinterpret_cast<const char*>(part.data()), part.size());
                           // Zeros where nothing is are there already: filling ahead costs no memory.
                           if (contents_->blocks.find(block) == nullptr && log::is_zero(text)) return;
                           std::memcpy(contents_->blocks.find_or_add(block) + begin, part.data(), part.size());
                       });
        grow_to(offset + data.size());
    }

    void sync() override {}

    void allocate(std::uint64_t size) override {
        if (size > Blocks::max_bytes) fail(EFBIG, "a file in memory");
        grow_to(size);
    }

    std::uint64_t size() const override { return contents_->size.load(std::memory_order_acquire); }

private:
    template <class Visit>
    static void for_each_block(std::uint64_t offset, std::size_t bytes, Visit visit) {
        for (std::size_t done = 0; done < bytes;) {
            const std::uint64_t begin = (offset + done) % Blocks::block_bytes;
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(bytes - done, Blocks::block_bytes - begin));
            visit((offset + done) / Blocks::block_bytes, begin, done, count);
            done += count;
        }
    }

    void grow_to(std::uint64_t size) {
        if (size > contents_->size.load()) contents_->size.store(size, std::memory_order_release);
    }

    std::shared_ptr<Contents> contents_;
    bool writable_;
};

class MemoryDevice final : public LogDevice, public std::enable_shared_from_this<MemoryDevice> {
public:
    std::unique_ptr<LogFile> open(std::string_view name, Open mode) override {
        const std::lock_guard lock(mutex_);
        auto found = files_.find(name);
        if (mode == Open::create_new) {
            if (found != files_.end()) fail(EEXIST, describe(name));
            found = files_.emplace(std::string(name), std::make_shared<Contents>()).first;
        } else if (found == files_.end()) {
            fail(ENOENT, describe(name));
        }
        return std::make_unique<MemoryFile>(found->second, mode != Open::read_only);
    }

    std::vector<std::string> list() const override {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> names;
        names.reserve(files_.size());
        for (const auto& [name, contents] : files_) names.push_back(name);
        return names;
    }

    void rename(std::string_view from, std::string_view to) override {
        const std::lock_guard lock(mutex_);
        const auto found = files_.find(from);
        if (found == files_.end()) fail(ENOENT, describe(from));
        auto contents = std::move(found->second);
        files_.erase(found);
        files_.insert_or_assign(std::string(to), std::move(contents));
    }

    void remove(std::string_view name) override {
        const std::lock_guard lock(mutex_);
        const auto found = files_.find(name);
        if (found == files_.end()) fail(ENOENT, describe(name));
        files_.erase(found);
    }

    void sync_directory() override {}

    std::unique_ptr<DeviceLock> try_lock() override {
        if (locked_.exchange(true)) return nullptr;
        return std::make_unique<Lock>(shared_from_this());
    }

    std::string describe(std::string_view name) const override { return "memory:" + std::string(name); }

private:
    class Lock final : public DeviceLock {
    public:
        explicit Lock(std::shared_ptr<MemoryDevice> device) : device_(std::move(device)) {}
        ~Lock() override { device_->locked_.store(false); }

    private:
        std::shared_ptr<MemoryDevice> device_;
    };

    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Contents>, std::less<>> files_;
    std::atomic<bool> locked_{false};
};

}  // namespace

std::shared_ptr<LogDevice> make_memory_device() { return std::make_shared<MemoryDevice>(); }

}  // namespace foldback
