#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "foldback/store/stream_store.hpp"

namespace foldback::app_tests {

/// Passes everything on to the store behind it: for stores of tests that differ in one thing.
class ForwardingStore : public StreamStore {
public:
    explicit ForwardingStore(StreamStore& store) : store_(&store) {}

    using StreamStore::append;
    using StreamStore::append_all;

    void create(CreateRequest request, Completion<Created> done) override { store_->create(std::move(request), done); }
    void append(AppendRequest request, Completion<Appended> done) override { store_->append(std::move(request), done); }
    void append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) override {
        store_->append_all(std::move(requests), done);
    }
    void remove(StreamPath stream, Completion<std::monostate> done) override {
        store_->remove(std::move(stream), done);
    }
    void truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) override {
        store_->truncate_before(std::move(stream), offset, done);
    }
    [[nodiscard]] Result<ReadPage> read(const ReadRequest& request) override { return store_->read(request); }
    [[nodiscard]] FeedPage read_feed(const FeedRequest& request) override { return store_->read_feed(request); }
    [[nodiscard]] Result<StreamInfo> head(const StreamPath& stream) override { return store_->head(stream); }
    [[nodiscard]] StreamList list(const ListRequest& request) override { return store_->list(request); }
    [[nodiscard]] Position tail() override { return store_->tail(); }
    [[nodiscard]] Watch watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) override {
        return store_->watch(stream, beyond, std::move(changed));
    }
    [[nodiscard]] Watch watch_feed(Position beyond, std::function<void()> changed) override {
        return store_->watch_feed(beyond, std::move(changed));
    }

protected:
    [[nodiscard]] StreamStore& behind() const noexcept { return *store_; }

private:
    StreamStore* store_;
};

}  // namespace foldback::app_tests
