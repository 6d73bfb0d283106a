#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "log/bytes.hpp"
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

        [[nodiscard]] bool seals() const {
            return log::read_commit_header(bytes, log::load_number<std::uint64_t>(bytes.data() + 8))->seals;
        }
    };

    [[nodiscard]] const Stored* at(log::Place place) const {
        for (auto one = commits.rbegin(); one != commits.rend(); ++one) {
            if (one->place == place) return &*one;
        }
        return nullptr;
    }
    [[nodiscard]] bool goes_on_behind(log::Place place) const {
        return !commits.empty() && commits.back().place > place;
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
    /// Called within the next `take_turn`, with what is to be called while one waits.
    std::function<void(const std::function<void()>& meanwhile)> in_line;
    int turns = 0;  ///< taken
    bool has_turn = false;

    [[nodiscard]] const log::SharedOrigin& origin() const noexcept override { return common_->origin; }

    [[nodiscard]] Answer append(const log::SharedAppend& append, const std::function<void()>& meanwhile) override {
        require_reachable();
        meanwhile();
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
        auto next = from;
        for (const auto& one : found) {
            if (left-- == 0) throw StoreUnavailable("the connection is lost");
            const bool continues = one.place == next || (one.begins && one.place.segment == next.segment + 1);
            if (!continues) throw CommitsMissing("commits are missing");
            next = {one.place.segment, one.place.byte + one.bytes.size()};
            on_commit({.place = one.place, .bytes = one.bytes, .begins = one.begins});
        }
    }

    void take_turn(const std::function<void()>& meanwhile) override {
        ++turns;
        has_turn = true;
        if (const auto first = std::exchange(in_line, nullptr)) first(meanwhile);
    }
    void end_turn() noexcept override { has_turn = false; }

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
            if (previous == nullptr || log::crc_of(previous->bytes) != append.previous.crc)
                return common_->goes_on_behind(first) ? Answer::overtaken : Answer::lost;
        } else if (!common_->commits.empty()) {
            return Answer::overtaken;
        }
        common_->add(append);
        return Answer::appended;
    }

    std::shared_ptr<SharedCommits> common_;
    std::function<void()> news_;
};

/// Their segments, for an archiver.
class MemorySharedSegments final : public SharedSegments {
public:
    explicit MemorySharedSegments(std::shared_ptr<SharedCommits> common) : common_(std::move(common)) {}

    bool another_leads = false;
    /// `remove` ends after so many commits.
    std::optional<std::size_t> next_remove_ends_after;

    [[nodiscard]] const log::SharedOrigin& origin() const noexcept override { return common_->origin; }
    [[nodiscard]] bool try_lead() override { return !another_leads; }
    [[nodiscard]] std::uint64_t last() override {
        const std::lock_guard lock(common_->mutex);
        return common_->commits.empty() ? 0 : common_->commits.back().place.segment;
    }
    [[nodiscard]] std::uint64_t first_held() override {
        const std::lock_guard lock(common_->mutex);
        const auto found = std::ranges::find_if_not(common_->commits, &SharedCommits::Stored::seals);
        return found == common_->commits.end() ? 0 : found->place.segment;
    }
    [[nodiscard]] log::LastCommit seal(std::uint64_t number) override {
        const std::lock_guard lock(common_->mutex);
        for (const auto& one : common_->commits) {
            if (one.place.segment == number && one.seals()) return {one.place, log::crc_of(one.bytes)};
        }
        throw StorageError("there is no seal");
    }
    void read(std::uint64_t number, const std::function<void(const log::SharedCommit&)>& on_commit) override {
        const std::lock_guard lock(common_->mutex);
        for (const auto& one : common_->commits) {
            if (one.place.segment == number) on_commit({.place = one.place, .bytes = one.bytes, .begins = one.begins});
        }
    }
    void remove(const log::LastCommit& seal) override {
        const std::lock_guard lock(common_->mutex);
        auto left = std::exchange(next_remove_ends_after, std::nullopt).value_or(SIZE_MAX);
        for (auto one = common_->commits.begin(); one != common_->commits.end();) {
            const bool is_meant = one->place.segment == seal.place.segment && one->place < seal.place;
            if (is_meant && left-- == 0) throw StoreUnavailable("the connection is lost");
            one = is_meant ? common_->commits.erase(one) : std::next(one);
        }
    }

private:
    std::shared_ptr<SharedCommits> common_;
};

}  // namespace foldback::test
