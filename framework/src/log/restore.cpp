#include <algorithm>
#include <memory>
#include <optional>

#include "foldback/store/backup.hpp"
#include "log/backup_copy.hpp"
#include "log/backup_manifest.hpp"
#include "log/commit_reader.hpp"
#include "log/log_cut.hpp"
#include "log/log_files.hpp"
#include "log/verify.hpp"

namespace foldback {
namespace log {
namespace {

/// One restoration into a fresh device.
class Restoration {
public:
    Restoration(LogDevice& repository, LogDevice& target, const RestoreRequest& request,
                const std::function<void(const Progress&)>& on_progress)
        : repository_(repository), target_(target), request_(request), on_progress_(on_progress) {}

    RestoreReport run() {
        const auto manifest = choose();
        report_.backup = manifest.name;
        ProgressSum progress(on_progress_, "restoring", manifest.bytes());
        for (const auto& segment : manifest.segments) {
            const auto cut = find_cut(segment, manifest);
            copy(segment, manifest.name, progress);
            report_.next_position = segment.next_position;
            if (!cut) continue;
            end_log(manifest, segment, *cut);
            break;
        }
        if (!report_.cut) reserve_last(manifest.segments.back());
        target_.sync_directory();
        write_format(target_);
        return report_;
    }

private:
    /// Where a segment is to end.
    struct Cut {
        std::uint64_t byte = 0;
        Position next_position;
    };

    [[nodiscard]] bool has_moment() const { return request_.up_to || request_.before; }

    [[nodiscard]] BackupManifest choose() {
        auto manifests = read_manifests(repository_);
        if (manifests.empty()) throw StorageError(repository_.describe("") + " holds no backup");
        if (!request_.backup.empty()) {
            for (auto& manifest : manifests) {
                if (manifest.name == request_.backup) return std::move(manifest);
            }
            throw StorageError(repository_.describe("") + " holds no backup " + request_.backup);
        }
        if (has_moment()) {
            for (auto& manifest : manifests) {
                if (reaches(manifest)) return std::move(manifest);
            }
            if (request_.up_to) {
                throw StorageError("no backup reaches position " + std::to_string(request_.up_to->value) +
                                   "; the newest ends at " + std::to_string(manifests.back().next_position.value));
            }
        }
        return std::move(manifests.back());
    }

    [[nodiscard]] bool reaches(const BackupManifest& manifest) const {
        return (!request_.up_to || manifest.next_position >= *request_.up_to) &&
               (!request_.before || manifest.created_at >= *request_.before);
    }

    [[nodiscard]] bool is_beyond(const CommitHeader& commit) const {
        if (request_.before && commit.timestamp_ms >= request_.before->time_since_epoch().count()) return true;
        if (!request_.up_to) return false;
        return commit.first_position.value + commit.messages > request_.up_to->value ||
               commit.first_position >= *request_.up_to;
    }

    [[nodiscard]] std::optional<Cut> find_cut(const BackedUpSegment& segment, const BackupManifest& manifest) {
        if (!has_moment()) return std::nullopt;
        const auto file = repository_.open(segment.file_name(manifest.name), LogDevice::Open::read_only);
        const auto header = header_of(*file, segment, manifest.name);
        CommitReader reader(*file, header, segment_header_bytes, segment.bytes);
        Cut cut{.byte = segment_header_bytes, .next_position = segment.first_position};
        while (const auto commit = reader.next()) {
            if (!commit->header.seals && is_beyond(commit->header)) {
                require_exact(manifest, segment.number, cut.next_position);
                return cut;
            }
            cut = {.byte = reader.byte(), .next_position = reader.next_position()};
        }
        return std::nullopt;
    }

    [[nodiscard]] SegmentHeader header_of(const LogFile& file, const BackedUpSegment& segment,
                                          const std::string& backup) const {
        const auto header = read_segment_header(file, segment.number);
        if (header && header->epoch == segment.epoch) return *header;
        throw StorageError(repository_.describe(segment.file_name(backup)) +
                           " is damaged: " + (header ? "it is another segment" : header.error()));
    }

    static void require_exact(const BackupManifest& manifest, std::uint64_t last_segment, Position end) {
        const auto from = manifest.exact_from(last_segment);
        if (from.value == 0 || end >= from) return;
        throw StorageError("backup " + manifest.name + " cannot be restored as of position " +
                           std::to_string(end.value) +
                           ": data that was deleted later was given back before it was made." + " From position " +
                           std::to_string(from.value) + " on it can, or take an older backup");
    }

    void copy(const BackedUpSegment& segment, const std::string& backup, ProgressSum& progress) {
        const auto name = segment.file_name(backup);
        const auto from = repository_.open(name, LogDevice::Open::read_only);
        const auto to = target_.open(segment_name(segment.number), LogDevice::Open::create_new);
        if (copy_file(*from, *to, segment.bytes, [&](std::uint64_t bytes) { progress.add(bytes); }) != segment.crc) {
            throw StorageError(repository_.describe(name) + " is damaged: it does not match its checksum");
        }
        ++report_.segments;
        report_.bytes += segment.bytes;
    }

    /// Seals the segment at the cut, and begins the one in which the log goes on.
    void end_log(const BackupManifest& manifest, const BackedUpSegment& segment, const Cut& cut) {
        const auto name = segment_name(segment.number);
        const auto header = header_of(*target_.open(name, LogDevice::Open::read_only), segment, manifest.name);
        seal_segment_at(target_, name, header, cut.byte);
        Incarnation highest{1};
        for (const auto& any : manifest.segments) highest = std::max(highest, any.next_incarnation);
        const SegmentHeader next{.number = segment.number + 1,
                                 .epoch = fresh_epoch(),
                                 .generation = 0,
                                 .first_position = cut.next_position,
                                 .next_incarnation = beyond_any_incarnation(highest, manifest.bytes()),
                                 .capacity = segment.capacity};
        write_empty_segment(target_, segment_name(next.number), next);
        report_.next_position = cut.next_position;
        report_.cut = true;
    }

    /// The log goes on in it.
    void reserve_last(const BackedUpSegment& segment) {
        if (segment.sealed) return;
        const auto file = target_.open(segment_name(segment.number), LogDevice::Open::read_write);
        file->allocate(segment.capacity);
        file->sync();
    }

    LogDevice& repository_;
    LogDevice& target_;
    const RestoreRequest& request_;
    const std::function<void(const Progress&)>& on_progress_;
    RestoreReport report_;
};

}  // namespace
}  // namespace log

namespace {

void require_fresh(const std::filesystem::path& directory) {
    if (!std::filesystem::exists(directory)) return;
    if (std::filesystem::is_directory(directory) && std::filesystem::is_empty(directory)) return;
    throw StorageError(directory.string() + " is not empty: a store is restored into a new directory");
}

/// Without a slash at its end.
std::filesystem::path named(const std::filesystem::path& directory) {
    auto path = directory.lexically_normal();
    return path.has_filename() ? path : path.parent_path();
}

void sync_directory_of(const std::filesystem::path& path) {
    const auto parent = path.parent_path();
    make_file_device(parent.empty() ? std::filesystem::path(".") : parent)->sync_directory();
}

/// Where a directory is made, beside its own name: what is there was left by a restoration that died.
class Unfinished {
public:
    explicit Unfinished(const std::filesystem::path& directory)
        : path_(directory.string() + ".restoring"), device_(make_file_device(path_)), lock_(device_->try_lock()) {
        // Another one may have given it its own name since it was opened here.
        const bool is_ours = lock_ && std::filesystem::exists(path_ / "LOCK");
        if (!is_ours) throw StoreLocked(directory.string() + " is being restored already");
        for (const auto& name : device_->list()) {
            if (name != "LOCK") device_->remove(name);
        }
    }
    ~Unfinished() {
        std::error_code error;
        if (!is_finished_) std::filesystem::remove_all(path_, error);
    }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

    [[nodiscard]] LogDevice& device() noexcept { return *device_; }

    /// Gives it its name, in place of an empty directory.
    void finish(const std::filesystem::path& directory) {
        std::filesystem::remove(directory);
        std::filesystem::rename(path_, directory);
        is_finished_ = true;
        sync_directory_of(directory);
    }

private:
    std::filesystem::path path_;
    std::shared_ptr<LogDevice> device_;
    std::unique_ptr<DeviceLock> lock_;
    bool is_finished_ = false;
};

}  // namespace

RestoreReport restore_store(const RestoreRequest& request, const std::function<void(const Progress&)>& on_progress) {
    if (!std::filesystem::is_directory(request.repository)) {
        throw StorageError(request.repository.string() + " is not a directory");
    }
    require_fresh(request.directory);
    try {
        const auto directory = named(request.directory);
        Unfinished fresh(directory);
        const auto repository = make_file_device(request.repository);
        auto report = log::Restoration(*repository, fresh.device(), request, on_progress).run();
        const auto checked = log::verify(fresh.device(), on_progress);
        if (!checked.sound()) throw StorageError("what was restored is damaged: " + checked.damage.front());
        fresh.finish(directory);
        return report;
    } catch (const std::system_error& error) {  // of the device and of the file system
        throw StorageError(std::string("restoring failed: ") + error.what());
    }
}

}  // namespace foldback
