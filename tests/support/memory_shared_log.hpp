#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "log/commit_reader.hpp"
#include "log/shared_log.hpp"

namespace foldback::test {

/// What several MemorySharedLogs have in common: the commits, as a database would hold them.
class SharedCommits {
public:
    explicit SharedCommits(std::uint64_t segment_bytes) {
        origin.name = "0123456789abcdef";
        origin.first_segment.number = 1;
        origin.first_segment.epoch = 42;
        origin.first_segment.next_incarnation = {1};
        origin.first_segment.capacity = segment_bytes;
    }

    struct Stored {
        log::Place place;
        std::string bytes;
        std::optional<log::SegmentHeader> begins;
    };

    [[nodiscard]] const Stored* at(log::Place place) const {
        for (auto one = commits.rbegin(); one != commits.rend(); ++one) {
            if (one->place == place) return &*one;
        }
        return nullptr;
    }
    void add(const log::SharedAppend& append) {
        for (const auto* one : {append.seal ? &*append.seal : nullptr, &append.commit}) {
            if (one != nullptr) commits.push_back({one->place, std::string(one->bytes), one->begins});
        }
    }

    mutable std::mutex mutex;
    log::SharedOrigin origin;
    std::deque<Stored> commits;
};

/// One node's access to them, which fails when told to.
class MemorySharedLog final : public SharedLog {
public:
    explicit MemorySharedLog(std::shared_ptr<SharedCommits> common) : common_(std::move(common)) {}

    enum class Fault : std::uint8_t { none, unavailable, unknown_and_done, unknown_and_not_done };
    /// What happens to the next call of `append`.
    Fault next_append = Fault::none;
    bool away = false;  ///< nothing can be reached
    /// The connection is lost when the next read has handed over so many commits.
    std::optional<std::size_t> next_read_ends_after;
    /// Called within `append`, before anything else: another node may be first.
    std::function<void()> before_append;

    [[nodiscard]] const log::SharedOrigin& origin() const noexcept override { return common_->origin; }

    [[nodiscard]] Answer append(const log::SharedAppend& append) override {
        require_reachable();
        if (const auto first = std::exchange(before_append, nullptr)) first();
        const auto fault = std::exchange(next_append, Fault::none);
        if (fault == Fault::unavailable) throw StoreUnavailable("the log is away");
        const std::lock_guard lock(common_->mutex);
        const auto answer = fault == Fault::unknown_and_not_done ? Answer::overtaken : place(append);
        if (fault == Fault::unknown_and_done || fault == Fault::unknown_and_not_done)
            throw OutcomeUnknown("no answer came");
        return answer;
    }

    void read(log::Place from, const std::function<void(const log::SharedCommit&)>& on_commit) override {
        require_reachable();
        std::vector<SharedCommits::Stored> found;
        {
            const std::lock_guard lock(common_->mutex);
            for (const auto& one : common_->commits) {
                if (one.place >= from) found.push_back(one);
            }
        }
        auto left = std::exchange(next_read_ends_after, std::nullopt).value_or(SIZE_MAX);
        for (const auto& one : found) {
            if (left-- == 0) throw StoreUnavailable("the connection is lost");
            on_commit({.place = one.place, .bytes = one.bytes, .begins = one.begins});
        }
    }

    [[nodiscard]] bool holds(const log::LastCommit& commit) override {
        require_reachable();
        const std::lock_guard lock(common_->mutex);
        const auto* found = common_->at(commit.place);
        return found != nullptr && log::crc_of(found->bytes) == commit.crc;
    }

    [[nodiscard]] bool reachable() const noexcept override { return !away; }
    void follow(std::function<void()> news) override { news_ = std::move(news); }
    void unfollow() noexcept override { news_ = nullptr; }
    void announce() noexcept override {}

private:
    void require_reachable() const {
        if (away) throw StoreUnavailable("the log is away");
    }

    [[nodiscard]] Answer place(const log::SharedAppend& append) {
        const auto first = append.seal ? append.seal->place : append.commit.place;
        if (common_->at(first) != nullptr) return Answer::overtaken;
        if (append.previous.place.segment > 0) {
            const auto* previous = common_->at(append.previous.place);
            if (previous == nullptr || log::crc_of(previous->bytes) != append.previous.crc) return Answer::lost;
        }
        common_->add(append);
        return Answer::appended;
    }

    std::shared_ptr<SharedCommits> common_;
    std::function<void()> news_;
};

}  // namespace foldback::test
