#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "foldback/store/measured_store.hpp"

namespace foldback {

/// Where a stream is kept: the CRC32C of its path's first segment, modulo the number of partitions. Never changes.
[[nodiscard]] std::size_t partition_of(std::string_view path, std::size_t partitions) noexcept;

/// Several stores as one, each with a log of its own: streams whose paths have the same first segment are kept together.
///
/// What concerns one stream, or streams of one partition, is as in any store. What would span partitions is refused
/// (`across_partitions`) and changes nothing: appends to several streams, and forks. There is no order of all streams: it lacks
/// Capability::store_order, and `read_feed`, `tail` and `watch_feed` throw MissingCapability. Positions count within a partition.
class PartitionedStore final : public MeasuredStore {
public:
    /// At least one. They have threads of their own, and were given for partitions 0, 1, … before in the same order and number.
    explicit PartitionedStore(std::vector<std::unique_ptr<MeasuredStore>> partitions);

    using StreamStore::append;
    using StreamStore::append_all;
    using StreamStore::create;
    using StreamStore::remove;
    using StreamStore::truncate_before;

    [[nodiscard]] Capabilities capabilities() const noexcept override;
    void create(CreateRequest request, Completion<Created> done) override;
    void append(AppendRequest request, Completion<Appended> done) override;
    void append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) override;
    void remove(StreamPath stream, Completion<std::monostate> done) override;
    void truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) override;
    [[nodiscard]] Result<ReadPage> read(const ReadRequest& request) override;
    [[nodiscard]] FeedPage read_feed(const FeedRequest& request) override;
    [[nodiscard]] Result<StreamInfo> head(const StreamPath& stream) override;
    [[nodiscard]] StreamList list(const ListRequest& request) override;
    [[nodiscard]] Position tail() override;
    [[nodiscard]] Watch watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) override;
    [[nodiscard]] Watch keep_alive(const StreamPath& stream) override;
    [[nodiscard]] Watch watch_feed(Position beyond, std::function<void()> changed) override;

    /// The stores, each of which has an order of its streams: for whoever follows them one by one. Valid as long as this.
    [[nodiscard]] std::vector<StreamStore*> logs() const;

    /// The sums of all partitions; without a tail.
    [[nodiscard]] StoreStats stats() override;
    [[nodiscard]] std::uint64_t stored_bytes(const StreamPath& stream) override;

private:
    void make_progress() override;
    [[nodiscard]] MeasuredStore& of(const StreamPath& stream) const;

    std::vector<std::unique_ptr<MeasuredStore>> partitions_;
};

}  // namespace foldback
