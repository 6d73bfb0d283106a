#include "foldback/store/backup.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <memory>
#include <set>

#include "log/backup_copy.hpp"
#include "log/backup_manifest.hpp"
#include "log/bytes.hpp"
#include "log/commit_reader.hpp"
#include "log/crc32c.hpp"
#include "log/log_files.hpp"

namespace foldback {
namespace log {

std::uint32_t copy_file(const LogFile& from, LogFile& to, std::uint64_t bytes,
                        const std::function<void(std::uint64_t)>& on_bytes) {
    constexpr std::size_t slice_bytes = 1 << 20;
    std::string slice(slice_bytes, '\0');
    std::uint32_t crc = 0;
    for (std::uint64_t done = 0; done < bytes;) {
        const auto wanted = std::min<std::uint64_t>(slice.size(), bytes - done);
        const auto count = from.read_at(done, std::as_writable_bytes(std::span(slice).first(wanted)));
        if (count == 0) throw StorageError("a file ends before the bytes that are to be copied");
        const auto part = std::string_view(slice).substr(0, count);
        to.write_at(done, as_bytes(part));
        crc = crc32c(part, crc);
        done += count;
        if (on_bytes) on_bytes(count);
    }
    to.sync();
    return crc;
}

namespace {

/// How often a set of segments is looked for that were all there at one moment.
constexpr int max_looks = 100;

struct OpenSegment {
    SegmentHeader header;
    std::unique_ptr<LogFile> file;
};

/// The generations of all segments at one moment. An open file stays what it is when another is renamed over it, so
/// it is enough that each still had its name after all were open: then, in between, all were there together.
class Moment {
public:
    explicit Moment(LogDevice& store) : store_(store) {}

    [[nodiscard]] std::vector<OpenSegment> segments() {
        check_is_store();
        for (int look = 0; look < max_looks; ++look) {
            const auto files = find_log_files(store_);
            if (files.segments.empty()) throw StorageError(store_.describe("") + " holds no store");
            // A file that is being renamed may be missing from the list, but not for long.
            const auto missing = first_missing_segment(files);
            if (missing && look + 1 == max_looks) throw damage_at(store_, *missing, 0, "the file is missing");
            if (missing) continue;
            std::vector<OpenSegment> all;
            for (const auto number : files.segments) all.push_back(open(number));
            const bool are_current = std::all_of(all.begin(), all.end(), [this](const OpenSegment& segment) {
                return open(segment.header.number).header.epoch == segment.header.epoch;
            });
            if (are_current) return all;
        }
        throw StorageError("segments are rewritten faster than they can be looked at");
    }

private:
    void check_is_store() {
        if (!find_log_files(store_).has_format) return;
        if (const auto checked = check_format(store_); !checked) throw StorageError(checked.error().what);
    }

    [[nodiscard]] OpenSegment open(std::uint64_t number) {
        auto file = store_.open(segment_name(number), LogDevice::Open::read_only);
        const auto header = read_segment_header(*file, number);
        if (!header) throw damage_at(store_, number, 0, header.error());
        return {*header, std::move(file)};
    }

    LogDevice& store_;
};

std::string backup_name(Timestamp time) {
    const auto ms = time.time_since_epoch().count();
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 40> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%S", &parts);
    auto millis = std::to_string(ms % 1000);
    millis.insert(0, 3 - millis.size(), '0');
    return std::string(text.data(), size) + millis + "Z";
}

/// Whether a backup that died left it. Other files are nobody's business here.
bool is_unfinished(std::string_view name) {
    constexpr std::array endings{std::string_view(".sealed.new"), std::string_view(".tail.new"),
                                 std::string_view(".manifest.new")};
    return std::any_of(endings.begin(), endings.end(), [name](auto ending) { return name.ends_with(ending); });
}

class Backup {
public:
    Backup(LogDevice& store, LogDevice& repository, const std::function<void(const Progress&)>& on_progress)
        : store_(store), repository_(repository), on_progress_(on_progress), earlier_(read_manifests(repository)) {}

    BackupReport run(Timestamp now) {
        for (const auto& name : repository_.list()) {
            if (is_unfinished(name)) discard_file(repository_, name);
        }
        manifest_.created_at = now;
        manifest_.name = backup_name(now);
        if (!earlier_.empty() && earlier_.back().name >= manifest_.name) {
            throw StorageError("the repository has a backup of this or a later time: " + earlier_.back().name);
        }
        for (int look = 0; look < max_looks; ++look) {
            if (!add_all(Moment(store_).segments())) continue;
            finish();
            return report_;
        }
        throw StorageError("segments are rewritten faster than they can be copied");
    }

private:
    /// False when one of them was rewritten before it was copied.
    [[nodiscard]] bool add_all(const std::vector<OpenSegment>& segments) {
        manifest_.segments.clear();
        report_.reused_segments = 0;
        std::uint64_t total = 0;
        for (const auto& segment : segments) total += segment.file->size();
        ProgressSum progress(on_progress_, "backing up", total);
        return std::all_of(segments.begin(), segments.end(), [&](const OpenSegment& segment) {
            return add(segment, &segment == &segments.back(), progress);
        });
    }

    [[nodiscard]] bool add(const OpenSegment& segment, bool is_last, ProgressSum& progress) {
        const auto* known = find_earlier(segment.header);
        if (known != nullptr && is_there(*known)) {
            manifest_.segments.push_back(*known);
            ++report_.reused_segments;
            progress.add(segment.file->size());
            return true;
        }
        if (const auto* copied = find_in(copied_, segment.header)) {
            manifest_.segments.push_back(*copied);
            progress.add(segment.file->size());
            return true;
        }
        // One that the device had closed is opened by its name, which may be a later generation's by now. It stays open
        // from here on.
        const auto header = read_segment_header(*segment.file, segment.header.number);
        if (!header || header->epoch != segment.header.epoch) return false;
        CommitReader reader(*segment.file, segment.header, segment_header_bytes, segment.file->size());
        read_to_end(reader, segment.header.number, is_last);
        BackedUpSegment copied{.number = segment.header.number,
                               .epoch = segment.header.epoch,
                               .generation = segment.header.generation,
                               .first_position = segment.header.first_position,
                               .next_incarnation = segment.header.next_incarnation,
                               .capacity = segment.header.capacity,
                               .next_position = reader.next_position(),
                               .bytes = reader.byte(),
                               .sealed = reader.sealed(),
                               .exact_from = known == nullptr ? Position{} : known->exact_from};
        copy(segment, copied, progress);
        copied_.push_back(copied);
        manifest_.segments.push_back(copied);
        return true;
    }

    /// Throws DamagedLog where a whole commit follows what is none. While somebody writes the last segment, commits come
    /// behind the place where reading ended: so it is looked at again.
    void read_to_end(CommitReader& reader, std::uint64_t number, bool is_last) {
        for (int look = 1;; ++look) {
            while (reader.next()) {
            }
            if (reader.sealed()) return;
            const bool is_torn = is_last && !reader.is_misplaced() && !reader.rest().later_commit;
            if (is_torn) return;
            if (!is_last || look == looks_at_the_tail) throw damage_at(store_, number, reader.byte(), why(reader));
            reader.look_again();
        }
    }

    /// Whether the repository still has what was copied into it.
    [[nodiscard]] bool is_there(const BackedUpSegment& segment) {
        try {
            const auto file = repository_.open(segment.file_name(manifest_.name), LogDevice::Open::read_only);
            return file->size() == segment.bytes;
        } catch (const DeviceError& error) {
            if (error.code() == std::errc::no_such_file_or_directory) return false;
            throw;
        }
    }

    [[nodiscard]] static std::string why(const CommitReader& reader) {
        return reader.problem().empty() ? "the segment ends, but another one follows" : reader.problem();
    }

    [[nodiscard]] const BackedUpSegment* find_earlier(const SegmentHeader& header) const {
        for (auto manifest = earlier_.rbegin(); manifest != earlier_.rend(); ++manifest) {
            if (const auto* found = find_in(manifest->segments, header)) return found;
        }
        return nullptr;
    }

    [[nodiscard]] static const BackedUpSegment* find_in(const std::vector<BackedUpSegment>& segments,
                                                        const SegmentHeader& header) {
        const auto found = std::find_if(segments.begin(), segments.end(), [&](const BackedUpSegment& segment) {
            return segment.number == header.number && segment.epoch == header.epoch && segment.sealed;
        });
        return found == segments.end() ? nullptr : &*found;
    }

    void copy(const OpenSegment& segment, BackedUpSegment& copied, ProgressSum& progress) {
        const auto name = copied.file_name(manifest_.name);
        const auto fresh = name + ".new";
        discard_file(repository_, fresh);
        const auto to = repository_.open(fresh, LogDevice::Open::create_new);
        copied.crc = copy_file(*segment.file, *to, copied.bytes, [&](std::uint64_t bytes) { progress.add(bytes); });
        repository_.rename(fresh, name);
        ++report_.copied_segments;
        report_.copied_bytes += copied.bytes;
    }

    void finish() {
        manifest_.next_position = manifest_.segments.back().next_position;
        // What is rewritten now and was not in the last backup may miss anything that was deleted up to this moment.
        for (auto& segment : manifest_.segments) {
            const bool is_new = find_earlier_epoch(segment) == nullptr;
            if (segment.generation > 0 && is_new) segment.exact_from.value = manifest_.next_position.value + 1;
        }
        write_whole(repository_, manifest_file_name(manifest_.name), encode_manifest(manifest_));
        discard_what_was_rewritten_since();
        report_.backup = {.name = manifest_.name,
                          .created_at = manifest_.created_at,
                          .next_position = manifest_.next_position,
                          .segments = manifest_.segments.size(),
                          .bytes = manifest_.bytes()};
    }

    void discard_what_was_rewritten_since() {
        std::set<std::string> needed;
        for (const auto& segment : manifest_.segments) needed.insert(segment.file_name(manifest_.name));
        for (const auto& segment : copied_) {
            const auto name = segment.file_name(manifest_.name);
            if (!needed.contains(name)) discard_file(repository_, name);
        }
    }

    [[nodiscard]] const BackedUpSegment* find_earlier_epoch(const BackedUpSegment& segment) const {
        return find_earlier({.number = segment.number, .epoch = segment.epoch});
    }

    LogDevice& store_;
    LogDevice& repository_;
    const std::function<void(const Progress&)>& on_progress_;
    std::vector<BackupManifest> earlier_;
    std::vector<BackedUpSegment> copied_;  ///< for this backup; those that were rewritten since are not part of it
    BackupManifest manifest_;
    BackupReport report_;
};

}  // namespace

BackupReport back_up(LogDevice& store, LogDevice& repository, const std::function<void(const Progress&)>& on_progress,
                     Timestamp now) {
    return Backup(store, repository, on_progress).run(now);
}

}  // namespace log

namespace {

/// So that even of a store that is rewritten without a pause all can be copied. Few systems allow less than 1024 files.
constexpr std::size_t most_open_segments = 768;

std::shared_ptr<LogDevice> open_existing(const std::filesystem::path& directory,
                                         std::size_t settled_limit = default_settled_limit) {
    if (!std::filesystem::is_directory(directory)) throw StorageError(directory.string() + " is not a directory");
    return make_file_device(directory, settled_limit);
}

std::unique_ptr<DeviceLock> lock_repository(LogDevice& repository) {
    auto lock = repository.try_lock();
    if (!lock) throw StoreLocked(repository.describe("") + " is in use by another process");
    return lock;
}

/// The names of all files that a backup is made of, its manifest included.
std::set<std::string> files_of(const std::vector<log::BackupManifest>& manifests) {
    std::set<std::string> names;
    for (const auto& manifest : manifests) {
        names.insert(log::manifest_file_name(manifest.name));
        for (const auto& segment : manifest.segments) names.insert(segment.file_name(manifest.name));
    }
    return names;
}

}  // namespace

BackupReport backup_store(const std::filesystem::path& directory, const std::filesystem::path& repository,
                          const std::function<void(const Progress&)>& on_progress, const Clock& clock) {
    try {
        const auto store = open_existing(directory, most_open_segments);
        const bool is_store = std::filesystem::exists(repository / log::format_name);
        if (is_store) throw StorageError(repository.string() + " is a store, not a repository of backups");
        const auto target = make_file_device(repository);
        const auto lock = lock_repository(*target);
        return log::back_up(*store, *target, on_progress, clock.now());
    } catch (const DeviceError& error) {
        throw StorageError(std::string("backing up failed: ") + error.what());
    }
}

std::vector<BackupInfo> list_backups(const std::filesystem::path& repository) {
    try {
        std::vector<BackupInfo> all;
        for (const auto& manifest : log::read_manifests(*open_existing(repository))) {
            all.push_back({.name = manifest.name,
                           .created_at = manifest.created_at,
                           .next_position = manifest.next_position,
                           .segments = manifest.segments.size(),
                           .bytes = manifest.bytes()});
        }
        return all;
    } catch (const DeviceError& error) {
        throw StorageError(error.what());
    }
}

std::uint64_t forget_backups(const std::filesystem::path& repository, std::size_t kept) {
    try {
        const auto device = open_existing(repository);
        const auto lock = lock_repository(*device);
        auto manifests = log::read_manifests(*device);
        if (manifests.size() <= kept) return 0;
        const auto all = files_of(manifests);
        manifests.erase(manifests.begin(), manifests.end() - static_cast<std::ptrdiff_t>(kept));
        const auto needed = files_of(manifests);
        std::uint64_t freed = 0;
        // The manifests sort behind the segments, which begin with a digit of their number: so they go first.
        for (auto name = all.rbegin(); name != all.rend(); ++name) {
            if (needed.contains(*name)) continue;
            freed += device->open(*name, LogDevice::Open::read_only)->size();
            device->remove(*name);
            device->sync_directory();
        }
        return freed;
    } catch (const DeviceError& error) {
        throw StorageError(error.what());
    }
}

}  // namespace foldback
