#include "foldback/store/partitioned_store.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include "log/crc32c.hpp"

namespace foldback {
namespace {

std::string_view first_segment(std::string_view path) { return path.substr(0, path.find('/')); }

Refused spans(std::string_view what, const StreamPath& one, const StreamPath& other) {
    return {.reason = Refusal::across_partitions,
            .detail = std::string(what) + " cannot span partitions, and " + one.text() + " and " + other.text() +
                      " are kept in different ones"};
}

void add(Distribution& sum, const Distribution& part) {
    std::ranges::transform(sum.counts, part.counts, sum.counts.begin(), std::plus{});
    sum.sum += part.sum;
}

void add(StoreStats& sum, const StoreStats& part) {
    sum.streams += part.streams;
    sum.resident_streams += part.resident_streams;
    sum.watchers += part.watchers;
    sum.segments += part.segments;
    sum.log_bytes += part.log_bytes;
    sum.dead_bytes += part.dead_bytes;
    sum.commits += part.commits;
    sum.committed_bytes += part.committed_bytes;
    sum.appended_messages += part.appended_messages;
    sum.segments_rewritten += part.segments_rewritten;
    sum.reclaimed_bytes += part.reclaimed_bytes;
    sum.broken = sum.broken || part.broken;
    add(sum.commit_messages, part.commit_messages);
    add(sum.flush_us, part.flush_us);
}

[[noreturn]] void refuse_order() { throw MissingCapability("a feed", {Capability::store_order}); }

}  // namespace

std::size_t partition_of(std::string_view path, std::size_t partitions) noexcept {
    return log::crc32c(first_segment(path)) % partitions;
}

PartitionedStore::PartitionedStore(std::vector<std::unique_ptr<MeasuredStore>> partitions)
    : partitions_(std::move(partitions)) {
    if (partitions_.empty()) throw std::invalid_argument("a store has at least one partition");
}

MeasuredStore& PartitionedStore::of(const StreamPath& stream) const {
    return *partitions_[partition_of(stream.text(), partitions_.size())];
}

Capabilities PartitionedStore::capabilities() const noexcept {
    auto common = Capabilities::all().missing_in({Capability::store_order});
    for (const auto& store : partitions_) common = common.missing_in(common.missing_in(store->capabilities()));
    return common;
}

void PartitionedStore::create(CreateRequest request, Completion<Created> done) {
    auto& store = of(request.stream);
    if (request.fork && &of(request.fork->source) != &store) {
        done(spans("a fork", request.stream, request.fork->source));
    } else {
        store.create(std::move(request), std::move(done));
    }
}

void PartitionedStore::append(AppendRequest request, Completion<Appended> done) {
    auto& store = of(request.stream);
    store.append(std::move(request), std::move(done));
}

void PartitionedStore::append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) {
    if (requests.empty()) return partitions_.front()->append_all(std::move(requests), std::move(done));
    auto& store = of(requests.front().stream);
    for (const auto& request : requests) {
        if (&of(request.stream) != &store)
            return done(spans("one append to several streams", requests.front().stream, request.stream));
    }
    store.append_all(std::move(requests), std::move(done));
}

void PartitionedStore::remove(StreamPath stream, Completion<std::monostate> done) {
    auto& store = of(stream);
    store.remove(std::move(stream), std::move(done));
}

void PartitionedStore::truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) {
    auto& store = of(stream);
    store.truncate_before(std::move(stream), offset, std::move(done));
}

Result<ReadPage> PartitionedStore::read(const ReadRequest& request) { return of(request.stream).read(request); }
Result<StreamInfo> PartitionedStore::head(const StreamPath& stream) { return of(stream).head(stream); }

/// Each partition gives the first of its own, so the first of all are among them.
StreamList PartitionedStore::list(const ListRequest& request) {
    StreamList all;
    for (const auto& store : partitions_) {
        auto part = store->list(request);
        all.complete = all.complete && part.complete;
        std::ranges::move(part.streams, std::back_inserter(all.streams));
    }
    std::ranges::sort(
        all.streams, {}, [](const StreamInfo& info) -> const auto& { return info.stream; });
    if (all.streams.size() > request.limit) {
        all.streams.erase(all.streams.begin() + static_cast<std::ptrdiff_t>(request.limit), all.streams.end());
        all.complete = false;
    }
    return all;
}

Watch PartitionedStore::watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) {
    return of(stream).watch(stream, beyond, std::move(changed));
}

Watch PartitionedStore::keep_alive(const StreamPath& stream) { return of(stream).keep_alive(stream); }

FeedPage PartitionedStore::read_feed(const FeedRequest& /*request*/) { refuse_order(); }
Position PartitionedStore::tail() { refuse_order(); }
Watch PartitionedStore::watch_feed(Position /*beyond*/, std::function<void()> /*changed*/) { refuse_order(); }

std::vector<StreamStore*> PartitionedStore::logs() const {
    std::vector<StreamStore*> logs;
    for (const auto& store : partitions_) logs.push_back(store.get());
    return logs;
}

void PartitionedStore::make_progress() {
    for (const auto& store : partitions_) store->make_progress();
}

StoreStats PartitionedStore::stats() {
    StoreStats sum;
    for (const auto& store : partitions_) add(sum, store->stats());
    return sum;
}

std::uint64_t PartitionedStore::stored_bytes(const StreamPath& stream) { return of(stream).stored_bytes(stream); }

}  // namespace foldback
