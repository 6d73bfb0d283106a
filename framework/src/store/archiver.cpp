#include <algorithm>
#include <utility>

#include "foldback/store/archive.hpp"
#include "log/archive.hpp"
#include "log/shared_log.hpp"

namespace foldback {
namespace {

template <class Work>
auto as_storage_errors(Work work) {
    try {
        return work();
    } catch (const PlaceUnreachable& error) {
        throw StoreUnavailable(error.what());
    } catch (const DeviceError& error) {
        throw StorageError(error.what());
    }
}

}  // namespace

Archiver::Archiver(std::shared_ptr<SharedSegments> segments, std::shared_ptr<ArchivePlace> place,
                   ArchiverOptions options)
    : segments_(std::move(segments)),
      archive_(std::make_unique<log::Archive>(std::move(place), segments_->origin())),
      options_(std::move(options)) {
    try {
        as_storage_errors([&] { (void)archive_->has_begun(); });
    } catch (const StoreUnavailable&) {
        // Whoever archives there tells of it and tries again.
    }
    if (options_.background_thread) thread_ = std::thread([this] { run(); });
}

Archiver::Archiver(std::shared_ptr<SharedSegments> segments, std::shared_ptr<LogDevice> directory,
                   ArchiverOptions options)
    : Archiver(std::move(segments), place_on(std::move(directory)), std::move(options)) {}

Archiver::Archiver(std::shared_ptr<SharedSegments> segments, const std::filesystem::path& directory,
                   ArchiverOptions options)
    : Archiver(std::move(segments), archive_in(directory), std::move(options)) {}

Archiver::~Archiver() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    archive_->interrupt();
    if (thread_.joinable()) thread_.join();
}

void Archiver::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        bool worked = false;
        std::string failed;
        try {
            worked = run_one();
            if (!worked) told_.clear();
        } catch (const StorageError& error) {
            failed = error.what();
        }
        lock.lock();
        if (!failed.empty() && !stopping_) tell(failed);
        if (!worked) wake_.wait_for(lock, options_.interval, [this] { return stopping_; });
    }
}

void Archiver::tell(const std::string& what) {
    if (std::exchange(told_, what) != what && options_.on_trouble) options_.on_trouble(what);
}

bool Archiver::run_one() {
    return as_storage_errors([&] {
        if (!lead()) return false;
        const auto last = segments_->last();
        if (next_ < last) {
            do_or_skip([&] { archive(next_); });
            ++next_;
            return true;
        }
        if (options_.segments_in_log == 0 || first_ + options_.segments_in_log >= last) return false;
        do_or_skip([&] { move_out(first_); });
        ++first_;
        return true;
    });
}

bool Archiver::lead() {
    const bool led = std::exchange(leads_, segments_->try_lead());
    if (!leads_ || led) return leads_;
    first_ = segments_->first_held();
    next_ = std::max<std::uint64_t>(first_, 1);  // what is before it was archived, or it would not be gone
    if (first_ > 1 && !archive_->has_begun()) {
        leads_ = false;
        throw StorageError("this is not the archive that segments of the log were moved to: it is empty");
    }
    archive_->clear_away();
    return true;
}

/// What is damaged in the one place and gone from the other stays so: the rest goes on.
void Archiver::do_or_skip(const std::function<void()>& work) {
    try {
        work();
    } catch (const StoreUnavailable&) {
        throw;
    } catch (const StorageError& error) {
        tell(error.what());
    }
}

void Archiver::archive(std::uint64_t number) {
    const auto seal = segments_->seal(number);
    if (!archive_->ends_with(seal)) put(seal);
}

void Archiver::put(const log::LastCommit& seal) {
    archive_->put(seal, [&](const auto& on_commit) { segments_->read(seal.place.segment, on_commit); });
}

void Archiver::move_out(std::uint64_t number) {
    const auto seal = segments_->seal(number);
    if (!is_safe(seal)) put(seal);
    segments_->remove(seal);
}

/// It may have been put there by a process that died before it was durable.
bool Archiver::is_safe(const log::LastCommit& seal) {
    try {
        const auto found = archive_->find(seal.place.segment);
        if (!found || found->seal != seal) return false;
        archive_->sync(*found);
        return true;
    } catch (const StorageError& error) {
        tell(error.what());
        return false;
    }
}

}  // namespace foldback
