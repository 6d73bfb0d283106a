#include "log/faulty_device.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "log/faulty_state.hpp"

namespace foldback {

class FaultyDevice::File final : public LogFile {
public:
    File(std::shared_ptr<State> state, std::shared_ptr<FaultyInode> inode, std::string name, bool writable)
        : state_(std::move(state)),
          inode_(std::move(inode)),
          name_(std::move(name)),
          life_(state_->life),
          writable_(writable) {}

    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
        const std::lock_guard lock(state_->mutex);
        state_->check_alive(life_, "reading " + name_);
        if (state_->chance(state_->faults.read_fails)) state_->inject(std::errc::io_error, "reading " + name_);
        return inode_->current.read(offset, out);
    }

    void write_at(std::uint64_t offset, std::span<const std::byte> data) override {
        const std::lock_guard lock(state_->mutex);
        const std::string what = "writing " + name_;
        state_->check_alive(life_, what);
        if (!writable_) fail_on_purpose(std::errc::bad_file_descriptor, what);
        auto fault = state_->next_fault();
        if (!fault && state_->chance(state_->faults.write_fails)) fault = std::errc::io_error;
        std::uint64_t count = data.size();
        if (!state_->has_space_for(*inode_, offset + count)) {
            const auto free_bytes =
                state_->faults.capacity_bytes - std::min(state_->faults.capacity_bytes, state_->used_bytes());
            const auto reachable = inode_->current.size() + free_bytes;
            count = offset < reachable ? reachable - offset : 0;
            fault = std::errc::no_space_on_device;
        } else if (fault && !state_->powerless) {
            count = state_->below(count + 1);
        }
        const std::string text(reinterpret_cast<const char*>(data.data()), count);
        const auto half = state_->chance(state_->faults.short_write) ? text.size() / 2 : text.size();
        State::change(*inode_, {.offset = offset, .data = text.substr(0, half), .extended_to = 0});
        if (half < text.size())
            State::change(*inode_, {.offset = offset + half, .data = text.substr(half), .extended_to = 0});
        if (fault) state_->inject(*fault, what);
    }

    void sync() override {
        const std::lock_guard lock(state_->mutex);
        const std::string what = "flushing " + name_;
        state_->check_alive(life_, what);
        auto fault = state_->next_fault();
        if (!fault && state_->chance(state_->faults.sync_fails)) fault = std::errc::io_error;
        if (fault) {
            if (!state_->powerless) state_->fail_sync(*inode_);
            state_->inject(*fault, what);
        }
        ++state_->syncs;
        for (const auto& change : inode_->unsynced) change.apply(inode_->durable);
        inode_->unsynced.clear();
    }

    void allocate(std::uint64_t size) override {
        const std::lock_guard lock(state_->mutex);
        const std::string what = "reserving space for " + name_;
        state_->check_alive(life_, what);
        const auto fault = state_->next_fault();
        if (fault) state_->inject(*fault, what);
        if (!state_->has_space_for(*inode_, size)) state_->inject(std::errc::no_space_on_device, what);
        State::change(*inode_, {.offset = 0, .data = {}, .extended_to = size});
    }

    std::uint64_t size() const override {
        const std::lock_guard lock(state_->mutex);
        state_->check_alive(life_, "asking for the size of " + name_);
        return inode_->current.size();
    }

private:
    std::shared_ptr<State> state_;
    std::shared_ptr<FaultyInode> inode_;
    std::string name_;
    std::uint64_t life_;
    bool writable_;
};

class FaultyDevice::Lock final : public DeviceLock {
public:
    explicit Lock(std::shared_ptr<State> state) : state_(std::move(state)), life_(state_->life) {}
    ~Lock() override {
        const std::lock_guard lock(state_->mutex);
        if (life_ == state_->life) state_->locked = false;
    }

private:
    std::shared_ptr<State> state_;
    std::uint64_t life_;
};

FaultyDevice::FaultyDevice(std::uint64_t seed) : state_(std::make_shared<State>(seed)) {}

void FaultyDevice::set_faults(Faults faults) {
    const std::lock_guard lock(state_->mutex);
    state_->faults = faults;
}

void FaultyDevice::lose_power_after(std::uint64_t calls) {
    const std::lock_guard lock(state_->mutex);
    state_->power_left = calls;
}

void FaultyDevice::fail_once_after(std::uint64_t calls, std::errc error) {
    const std::lock_guard lock(state_->mutex);
    state_->calls_before_failure = calls;
    state_->scheduled_error = error;
}

void FaultyDevice::crash() {
    const std::lock_guard lock(state_->mutex);
    state_->crash();
    state_->end_life();
}

void FaultyDevice::kill() {
    const std::lock_guard lock(state_->mutex);
    state_->end_life();
}

void FaultyDevice::flip_bit(std::string_view name, std::uint64_t bit) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->names.find(name);
    if (found == state_->names.end()) fail_on_purpose(std::errc::no_such_file_or_directory, std::string(name));
    found->second->current.flip_bit(bit);
    found->second->durable.flip_bit(bit);
}

std::uint64_t FaultyDevice::faults_injected() const {
    const std::lock_guard lock(state_->mutex);
    return state_->faults_injected;
}

std::uint64_t FaultyDevice::changing_calls() const {
    const std::lock_guard lock(state_->mutex);
    return state_->changing_calls;
}

std::uint64_t FaultyDevice::syncs() const {
    const std::lock_guard lock(state_->mutex);
    return state_->syncs;
}

std::uint64_t FaultyDevice::used_bytes() const {
    const std::lock_guard lock(state_->mutex);
    return state_->used_bytes();
}

std::unique_ptr<LogFile> FaultyDevice::open(std::string_view name, Open mode) {
    const std::lock_guard lock(state_->mutex);
    const std::string what = "opening " + std::string(name);
    state_->check_alive(state_->life, what);
    auto found = state_->names.find(name);
    if (mode == Open::create_new) {
        if (found != state_->names.end()) fail_on_purpose(std::errc::file_exists, what);
        const auto fault = state_->next_fault();
        if (fault && !state_->powerless) state_->inject(*fault, what);
        state_->change_names({.removed = {}, .added = std::string(name), .inode = std::make_shared<FaultyInode>()});
        if (fault) state_->inject(*fault, what);
        found = state_->names.find(name);
    } else if (found == state_->names.end()) {
        fail_on_purpose(std::errc::no_such_file_or_directory, what);
    }
    return std::make_unique<File>(state_, found->second, std::string(name), mode != Open::read_only);
}

std::vector<std::string> FaultyDevice::list() const {
    const std::lock_guard lock(state_->mutex);
    state_->check_alive(state_->life, "listing the directory");
    std::vector<std::string> all;
    for (const auto& [name, inode] : state_->names) all.push_back(name);
    return all;
}

void FaultyDevice::rename(std::string_view from, std::string_view to) {
    const std::lock_guard lock(state_->mutex);
    const std::string what = "renaming " + std::string(from);
    state_->check_alive(state_->life, what);
    const auto found = state_->names.find(from);
    if (found == state_->names.end()) fail_on_purpose(std::errc::no_such_file_or_directory, what);
    const auto fault = state_->next_fault();
    if (fault && !state_->powerless) state_->inject(*fault, what);
    state_->change_names({.removed = std::string(from), .added = std::string(to), .inode = found->second});
    if (fault) state_->inject(*fault, what);
}

void FaultyDevice::remove(std::string_view name) {
    const std::lock_guard lock(state_->mutex);
    const std::string what = "removing " + std::string(name);
    state_->check_alive(state_->life, what);
    if (!state_->names.contains(name)) fail_on_purpose(std::errc::no_such_file_or_directory, what);
    const auto fault = state_->next_fault();
    if (fault && !state_->powerless) state_->inject(*fault, what);
    state_->change_names({.removed = std::string(name), .added = {}, .inode = nullptr});
    if (fault) state_->inject(*fault, what);
}

void FaultyDevice::sync_directory() {
    const std::lock_guard lock(state_->mutex);
    const std::string what = "flushing the directory";
    state_->check_alive(state_->life, what);
    auto fault = state_->next_fault();
    if (!fault && state_->chance(state_->faults.sync_fails)) fault = std::errc::io_error;
    if (fault) state_->inject(*fault, what);
    ++state_->syncs;
    for (const auto& change : state_->unsynced_names) change.apply(state_->durable_names);
    state_->unsynced_names.clear();
}

std::unique_ptr<DeviceLock> FaultyDevice::try_lock() {
    const std::lock_guard lock(state_->mutex);
    state_->check_alive(state_->life, "locking");
    if (std::exchange(state_->locked, true)) return nullptr;
    return std::make_unique<Lock>(state_);
}

std::string FaultyDevice::describe(std::string_view name) const { return "faulty:" + std::string(name); }

}  // namespace foldback
