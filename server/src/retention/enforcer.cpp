#include "retention/enforcer.hpp"

#include <algorithm>
#include <utility>

#include "protocol/reserved.hpp"

namespace foldback::server {
namespace {

constexpr std::size_t page_bytes = 1 << 20;
constexpr std::size_t streams_per_page = 1000;

Offset before_tail(const StreamInfo& info, std::uint64_t kept) {
    const auto tail = info.tail.offset.value;
    return Offset{tail > kept ? tail - kept : 0};
}

}  // namespace

RetentionEnforcer::RetentionEnforcer(StreamStore& store, const Clock& clock, const Retention& retention,
                                     RetentionOptions options)
    : store_(store),
      clock_(clock),
      retention_(retention),
      options_(std::move(options)),
      states_(store, clock, [this](const StreamPath& stream, const std::string& why) {
          if (options_.on_trouble) options_.on_trouble("no compaction of " + stream.text() + ": " + why);
      }) {}

RetentionEnforcer::~RetentionEnforcer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void RetentionEnforcer::start() {
    thread_ = std::thread([this] { run(); });
}

void RetentionEnforcer::run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, options_.interval, [this] { return stopping_; })) {
        lock.unlock();
        try {
            (void)run_pass();
        } catch (const std::exception& error) {
            if (options_.on_trouble) options_.on_trouble(error.what());
        }
        lock.lock();
    }
}

RetentionPass RetentionEnforcer::run_pass() {
    RetentionPass pass;
    const auto rules = retention_.rules();
    if (rules->rules.empty()) return pass;
    for (bool complete = false; !complete;) {
        const auto page = store_.list({.after = after_, .limit = streams_per_page});
        complete = page.complete;
        for (const auto& info : page.streams) {
            {
                const std::lock_guard lock(mutex_);
                pass.complete = !stopping_ && pass.read_bytes < options_.max_read_bytes;
            }
            if (!pass.complete) return pass;
            // The store's own streams are kept by those who write them: subscriptions live there.
            const bool is_own = protocol::is_reserved(info.stream.text());
            const auto* rule = is_own ? nullptr : rules->rule_for(info.stream.text());
            if (rule != nullptr) enforce_or_tell(info, *rule, pass);
            after_ = info.stream.text();
        }
    }
    after_.clear();
    if (std::exchange(told_held_back_, held_back_) != held_back_ && options_.on_held_back) {
        options_.on_held_back(held_back_);
    }
    held_back_ = 0;
    return pass;
}

Offset RetentionEnforcer::cut(const StreamInfo& info, const RetentionRule& rule, RetentionPass& pass) {
    const bool is_json = framing_of(info.config.content_type) == Framing::json;
    if (rule.state) {
        return is_json ? states_.compact(info, *rule.state, options_.max_read_bytes, pass.read_bytes) : info.first;
    }
    auto cut = info.first;
    if (rule.max_messages && is_json) cut = std::max(cut, before_tail(info, *rule.max_messages));
    if (rule.max_age) cut = std::max(cut, cut_by_age(info, clock_.now() - *rule.max_age, pass));
    if (rule.max_bytes && !is_json) cut = std::max(cut, before_tail(info, *rule.max_bytes));
    if (rule.max_bytes && is_json) cut = cut_by_bytes(info, cut, *rule.max_bytes, pass);
    return cut;
}

/// A stream that cannot be read, or a full disk, keeps no other stream from its rule.
void RetentionEnforcer::enforce_or_tell(const StreamInfo& info, const RetentionRule& rule, RetentionPass& pass) {
    try {
        enforce(info, rule, pass);
    } catch (const std::exception& error) {
        if (options_.on_trouble) options_.on_trouble(info.stream.text() + ": " + error.what());
    }
}

void RetentionEnforcer::enforce(const StreamInfo& info, const RetentionRule& rule, RetentionPass& pass) {
    ++pass.streams;
    const auto before = spare_needed(info, rule, cut(info, rule, pass), pass);
    if (before <= info.first) return;
    const auto first = store_.truncate_before(info.stream, before);
    if (!first) {
        // Deleted since it was listed: nothing is left to do. Anything else is for the operator to know.
        const auto reason = first.error().reason;
        if (reason == Refusal::not_found || reason == Refusal::gone || reason == Refusal::bad_offset) return;
        throw RefusedError(first.error());
    }
    ++pass.truncated;
    if (options_.on_truncated) options_.on_truncated(info.stream, *first);
}

Offset RetentionEnforcer::spare_needed(const StreamInfo& info, const RetentionRule& rule, Offset before,
                                       RetentionPass& pass) {
    if (before <= info.first || !options_.needed_from || rule.wait_for_subscriptions.count() == 0) return before;
    const auto needed = options_.needed_from(info);
    if (!needed || *needed >= before) return before;
    const auto too_old = cut_by_age(info, clock_.now() - rule.wait_for_subscriptions, pass);
    const auto spared = std::max(*needed, std::min(before, too_old));
    if (spared < before) {
        ++pass.held_back;
        ++held_back_;
    }
    return spared;
}

std::optional<ReadPage> RetentionEnforcer::read(const StreamInfo& info, Offset from, std::size_t max_bytes,
                                                RetentionPass& pass) {
    auto page = store_.read({.stream = info.stream, .from = from, .max_bytes = max_bytes, .renews_ttl = false});
    if (!page || page->incarnation != info.incarnation) return std::nullopt;  // it changed since it was listed
    pass.read_bytes += page->payload_bytes();
    return std::move(*page);
}

std::optional<Timestamp> RetentionEnforcer::time_of(const StreamInfo& info, Offset offset, RetentionPass& pass) {
    const auto page = read(info, offset, 1, pass);
    if (!page || page->runs.empty()) return std::nullopt;
    return page->runs.front().committed_at;
}

/// Messages lie in the order of their commits, so the first that is young enough is found by halving.
Offset RetentionEnforcer::cut_by_age(const StreamInfo& info, Timestamp oldest, RetentionPass& pass) {
    const auto is_old = [&](std::uint64_t offset) {
        const auto time = time_of(info, Offset{offset}, pass);
        return time && *time < oldest;
    };
    auto young = info.tail.offset.value;
    auto old_up_to = info.first.value;
    if (old_up_to == young || !is_old(old_up_to)) return info.first;
    while (old_up_to + 1 < young) {
        const auto middle = old_up_to + (young - old_up_to) / 2;
        (is_old(middle) ? old_up_to : young) = middle;
    }
    return Offset{young};
}

RetentionEnforcer::Size& RetentionEnforcer::size_of(const StreamInfo& info) {
    if (sizes_.size() >= options_.max_known_streams && !sizes_.contains(info.stream.text())) sizes_.clear();
    auto& size = sizes_[info.stream.text()];
    const bool is_known = size.incarnation == info.incarnation && size.first == info.first;
    if (!is_known) size = {.incarnation = info.incarnation, .first = info.first, .counted_to = info.first};
    return size;
}

Offset RetentionEnforcer::cut_by_bytes(const StreamInfo& info, Offset least, std::uint64_t max_bytes,
                                       RetentionPass& pass) {
    auto& size = size_of(info);
    while (size.counted_to < info.tail.offset) {
        if (pass.read_bytes >= options_.max_read_bytes) return least;
        const auto page = read(info, size.counted_to, page_bytes, pass);
        if (!page || page->runs.empty()) return least;
        for (const auto& message : *page) size.bytes += message.data.size();
        size.counted_to = page->next.offset;
    }
    auto cut = info.first;
    const auto goes = [&](Offset offset) { return offset < least || size.bytes > max_bytes; };
    while (cut < size.counted_to && goes(cut)) {
        const auto page = read(info, cut, page_bytes, pass);
        if (!page || page->runs.empty()) break;
        for (const auto& message : *page) {
            if (!goes(message.offset)) break;
            size.bytes -= message.data.size();
            cut = Offset{message.offset.value + 1};
        }
    }
    size.first = cut;
    return cut;
}

}  // namespace foldback::server
