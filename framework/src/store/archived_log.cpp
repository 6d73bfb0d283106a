#include <atomic>
#include <optional>
#include <utility>

#include "foldback/store/archive.hpp"
#include "log/archive.hpp"
#include "log/commit_reader.hpp"
#include "log/shared_log.hpp"

namespace foldback {
namespace {

class ArchivedLog final : public SharedLog {
public:
    ArchivedLog(std::shared_ptr<SharedLog> log, std::shared_ptr<ArchivePlace> place, ArchiveReading options)
        : log_(std::move(log)), archive_(std::move(place), log_->origin()), options_(std::move(options)) {
        try {
            (void)archive_.has_begun();
        } catch (const PlaceUnreachable& error) {
            if (options_.on_trouble) options_.on_trouble(error.what());
        } catch (const DeviceError& error) {
            throw StorageError(error.what());
        }
    }

    const log::SharedOrigin& origin() const noexcept override { return log_->origin(); }
    Answer append(const log::SharedAppend& append, const std::function<void()>& meanwhile) override {
        return log_->append(append, meanwhile);
    }
    void take_turn(const std::function<void()>& meanwhile) override { log_->take_turn(meanwhile); }
    void end_turn() noexcept override { log_->end_turn(); }
    void wake() noexcept override { log_->wake(); }
    bool reachable() const noexcept override { return log_->reachable() && reached_archive_; }
    void follow(std::function<void()> news) override { log_->follow(std::move(news)); }
    /// What still waits for the archive then is given up.
    void unfollow() noexcept override {
        log_->unfollow();
        archive_.interrupt();
    }
    void announce() noexcept override { log_->announce(); }

    void read(log::Place from, const std::function<void(const log::SharedCommit&)>& on_commit) override {
        if (std::exchange(is_first_read_, false)) (void)read_archive(from, on_commit);
        while (true) {
            try {
                log_->read(from, [&](const log::SharedCommit& commit) {
                    on_commit(commit);
                    from = behind(commit);
                });
                reached_archive_ = true;  // or it is not needed any more
                return;
            } catch (const CommitsMissing&) {
                if (read_archive(from, on_commit)) continue;
                require_read();
                throw;
            }
        }
    }

    void confirm() override { log_->confirm(); }

    bool holds(const log::LastCommit& commit) override {
        if (log_->holds(commit)) return true;
        const auto number = commit.place.segment;
        if (!was_moved(number)) return false;
        const auto segment = take(number);
        if (!segment) {
            require_read();
            throw StorageError("segment " + std::to_string(number) +
                               ", with which this copy of the log ends, was moved to the archive, which does not hold "
                               "it whole: whether the copy is the log's cannot be told, so it is kept");
        }
        bool found = false;
        const bool was_read = read_whole(*segment, log::segment_header_bytes, [&](const log::SharedCommit& one) {
            found = found || (one.place == commit.place && log::crc_of(one.bytes) == commit.crc);
        });
        if (!found && !was_read) require_read();
        return found;
    }

private:
    static log::Place behind(const log::SharedCommit& commit) {
        return {commit.place.segment, commit.place.byte + commit.bytes.size()};
    }

    /// Whether only the archive can have the commits of a segment. The first of them leaves the log before the others.
    bool was_moved(std::uint64_t number) {
        struct IsThere {};
        try {
            log_->read({number, log::segment_header_bytes}, [](const log::SharedCommit&) { throw IsThere(); });
        } catch (const IsThere&) {
            return false;
        } catch (const CommitsMissing&) {
            return true;
        }
        return false;  // the log ends before it
    }

    /// Hands over what the archive has from there on, and moves `from` behind it; false when that is nothing.
    bool read_archive(log::Place& from, const std::function<void(const log::SharedCommit&)>& on_commit) {
        const auto begun = from;
        const auto hand_over = [&](const log::SharedCommit& commit) {
            on_commit(commit);
            from = behind(commit);
        };
        auto number = from.segment;
        for (auto byte = from.byte; const auto segment = take(number); byte = log::segment_header_bytes, ++number) {
            if (!read_whole(*segment, byte, hand_over)) break;
            told_.clear();
            done_bytes_ += from.byte;
            if (options_.on_progress)
                options_.on_progress({.what = "taking segments from the archive", .done_bytes = done_bytes_});
        }
        return from != begun;
    }

    bool read_whole(const log::ArchivedSegment& segment, std::uint64_t from_byte,
                    const std::function<void(const log::SharedCommit&)>& on_commit) {
        const auto number = segment.header.number;
        try {
            if (log::Archive::read(segment, from_byte, on_commit)) return true;
            note(number, "segment " + std::to_string(number) + " changed while it was read");
        } catch (const DeviceError& error) {
            note(number, error.what());
        }
        return false;
    }

    /// Throws StoreUnavailable when the archive could not be read the last time, so that nobody knows what it has.
    void require_read() {
        reached_archive_ = unread_.empty();
        if (!unread_.empty()) throw StoreUnavailable(unread_);
    }

    void note(std::uint64_t number, const std::string& why) {
        unread_ = why;
        tell(number, unread_);
    }

    /// Once, for whoever lacks a segment asks for it again and again.
    void tell(std::uint64_t number, const std::string& trouble) {
        const auto what = "segment " + std::to_string(number) + " is not taken from the archive: " + trouble;
        if (std::exchange(told_, what) != what && options_.on_trouble) options_.on_trouble(what);
    }

    /// A segment that the archive holds, if it is whole and the log's.
    std::optional<log::ArchivedSegment> take(std::uint64_t number) {
        unread_.clear();
        try {
            auto found = archive_.find(number);
            if (!found || log_->holds(found->seal)) return found;
            tell(number, "it is not the segment that the log has");
        } catch (const StoreUnavailable&) {
            throw;
        } catch (const StorageError& error) {
            tell(number, error.what());
        } catch (const DeviceError& error) {
            note(number, error.what());
        }
        return {};
    }

    std::shared_ptr<SharedLog> log_;
    log::Archive archive_;
    ArchiveReading options_;
    std::string unread_;  ///< why the archive could not be read when a segment was last looked for there
    std::string told_;    ///< the trouble that was told last
    std::atomic<bool> reached_archive_{true};  ///< when it was needed last
    bool is_first_read_ = true;
    std::uint64_t done_bytes_ = 0;
};

}  // namespace

std::shared_ptr<SharedLog> with_archive(std::shared_ptr<SharedLog> log, std::shared_ptr<ArchivePlace> place,
                                        ArchiveReading options) {
    return std::make_shared<ArchivedLog>(std::move(log), std::move(place), std::move(options));
}

std::shared_ptr<SharedLog> with_archive(std::shared_ptr<SharedLog> log, std::shared_ptr<LogDevice> directory,
                                        ArchiveReading options) {
    return with_archive(std::move(log), place_on(std::move(directory)), std::move(options));
}

std::shared_ptr<SharedLog> with_archive(std::shared_ptr<SharedLog> log, const std::filesystem::path& directory,
                                        ArchiveReading options) {
    return with_archive(std::move(log), archive_in(directory), std::move(options));
}

std::shared_ptr<ArchivePlace> archive_in(const std::filesystem::path& directory) {
    try {
        return place_on(make_file_device(directory));
    } catch (const DeviceError& error) {
        throw StorageError(error.what());
    }
}

}  // namespace foldback
