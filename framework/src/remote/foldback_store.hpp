#pragma once

#include "foldback/remote/http_store.hpp"
#include "remote/caller.hpp"
#include "remote/foldback_writes.hpp"
#include "remote/write_queue.hpp"

namespace foldback::remote {

/// The store of a `foldback serve`.
class FoldbackStore final : public HttpStore {
public:
    FoldbackStore(std::string_view url, const HttpStoreOptions& options);
    ~FoldbackStore() override;

    /// Throws as HttpStore::open.
    void connect();

    using StreamStore::append;
    using StreamStore::append_all;
    using StreamStore::create;
    using StreamStore::remove;
    using StreamStore::truncate_before;

    [[nodiscard]] Capabilities capabilities() const noexcept override { return capabilities_; }
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
    [[nodiscard]] Watch watch_feed(Position beyond, std::function<void()> changed) override;

private:
    void require_order() const;

    Capabilities capabilities_ = Capabilities::all();  ///< known since `connect`
    Caller caller_;
    FoldbackWrites outcomes_;
    WriteQueue writes_;
};

}  // namespace foldback::remote
