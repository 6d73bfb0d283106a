#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "foldback/store/stream_store.hpp"

namespace foldback::app_tests {

/// Counts what is read of the store behind it, and lets others act between two calls. For one thread.
class CountingStore final : public StreamStore {
public:
    explicit CountingStore(StreamStore& store) : store_(&store) {}

    using StreamStore::append;
    using StreamStore::append_all;

    void create(CreateRequest request, Completion<Created> done) override { store_->create(std::move(request), done); }
    void append(AppendRequest request, Completion<Appended> done) override { done(store_->append(std::move(request))); }
    void append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) override {
        done(store_->append_all(std::move(requests)));
    }
    void remove(StreamPath stream, Completion<std::monostate> done) override {
        store_->remove(std::move(stream), done);
    }
    void truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) override {
        store_->truncate_before(std::move(stream), offset, done);
    }
    [[nodiscard]] Result<ReadPage> read(const ReadRequest& request) override {
        ++reads;
        auto page = store_->read(request);
        if (page) messages += page->next.offset.value - page->start.offset.value;
        return page;
    }
    [[nodiscard]] FeedPage read_feed(const FeedRequest& request) override { return store_->read_feed(request); }
    [[nodiscard]] Result<StreamInfo> head(const StreamPath& stream) override {
        auto info = store_->head(stream);
        if (const auto then = std::exchange(after_head, nullptr)) then();
        return info;
    }
    [[nodiscard]] StreamList list(const ListRequest& request) override { return store_->list(request); }
    [[nodiscard]] Position tail() override { return store_->tail(); }
    [[nodiscard]] Watch watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) override {
        return store_->watch(stream, beyond, std::move(changed));
    }
    [[nodiscard]] Watch watch_feed(Position beyond, std::function<void()> changed) override {
        return store_->watch_feed(beyond, std::move(changed));
    }

    std::uint64_t reads = 0;
    std::uint64_t messages = 0;
    std::function<void()> after_head;  ///< called once, between a look at a stream and the read that follows

private:
    StreamStore* store_;
};

}  // namespace foldback::app_tests
