#pragma once

#include <atomic>

#include "foldback/store/stream_store.hpp"

namespace foldback {

/// A store as one of its JSON streams sees it: the order of the store is that of the stream, so a position is an offset. What
/// follows a store follows the stream then: a ProjectionRunner over it is a projection of a single stream, also where the store
/// has no order of its own (another server's HttpStore). Everything else is the store's.
///
/// The positions of what is appended to other streams, and of several streams at once, mean nothing here.
class OneStream final : public StreamStore {
public:
    /// Both must outlive it. Throws RefusedError when the stream is not there, std::invalid_argument when it holds bytes.
    OneStream(StreamStore& store, StreamPath stream);

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
    /// Throws StorageError, as `tail` does, when the stream is not there any more or was created again: what has read half of
    /// its namesake must not go on with the rest of it.
    [[nodiscard]] FeedPage read_feed(const FeedRequest& request) override;
    [[nodiscard]] Result<StreamInfo> head(const StreamPath& stream) override;
    [[nodiscard]] StreamList list(const ListRequest& request) override;
    [[nodiscard]] Position tail() override;
    [[nodiscard]] Watch watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) override;
    [[nodiscard]] Watch keep_alive(const StreamPath& stream) override;
    [[nodiscard]] Watch watch_feed(Position beyond, std::function<void()> changed) override;

private:
    StreamStore& store_;
    StreamPath stream_;
    Incarnation incarnation_;
    std::atomic<std::uint64_t> end_ = UINT64_MAX;  ///< where a read found the stream closed
};

}  // namespace foldback
