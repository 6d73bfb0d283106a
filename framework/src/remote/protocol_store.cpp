#include "remote/protocol_store.hpp"

#include <optional>
#include <utility>

#include "foldback/store/read_mode.hpp"
#include "remote/remote_watch.hpp"

namespace foldback::remote {
namespace {

[[noreturn]] void refuse(Capability missing) { throw MissingCapability("this", {missing}); }

void forbid_in_memory_only() {
    if (ReadMode::current() == ReadMode::memory_only) throw NotInMemory();
}

/// A read's refusals are about the stream; the rest is about the server.
template <class Value>
Result<Value> about_the_stream(Result<Value> result) {
    if (result) return result;
    const auto& refused = result.error();
    if (refused.reason == Refusal::stopped) throw StorageError("the store is being closed");
    if (refused.reason == Refusal::unavailable || refused.reason == Refusal::outcome_unknown)
        throw StoreUnavailable(refused.detail);
    return result;
}

/// What a coroutine returns to a thread must have a default, which an info has not.
Task<void> look(ProtocolStreams& streams, StreamPath stream, std::optional<Result<StreamInfo>>& info) {
    info = co_await streams.head(std::move(stream));
}

}  // namespace

ProtocolStore::ProtocolStore(std::string_view url, const HttpStoreOptions& options)
    : caller_(url, options), streams_(caller_), writes_(caller_, options.max_queued_bytes) {}

ProtocolStore::~ProtocolStore() { caller_.stop(); }

/// A stream that is not there is answer enough.
void ProtocolStore::connect() {
    const auto answer = caller_.wait_for({.method = Method::head, .path = "/is-there-a-server"});
    if (answer.response || answer.response.error().code == client::ErrorCode::not_found) return;
    throw StoreUnavailable(answer.response.error().message);
}

void ProtocolStore::create(CreateRequest request, Completion<Created> done) {
    if (request.fork) refuse(Capability::forks);
    const auto bytes = request.initial.joined().size();
    writes_.start<Created>(
        bytes, [this, request = std::move(request)] { return streams_.create(request); }, std::move(done));
}

void ProtocolStore::append(AppendRequest request, Completion<Appended> done) {
    if (request.stream_seq) refuse(Capability::stream_seq);
    const auto bytes = request.messages.joined().size();
    writes_.start<Appended>(
        bytes, [this, request = std::move(request)] { return streams_.append(request); }, std::move(done));
}

void ProtocolStore::append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) {
    if (requests.empty()) return done(std::vector<Appended>());
    if (requests.size() > 1) refuse(Capability::append_all);
    append(std::move(requests.front()), [done = std::move(done)](Result<Appended> appended) {
        done(appended ? Result<std::vector<Appended>>(std::vector{std::move(*appended)}) : std::move(appended).error());
    });
}

void ProtocolStore::remove(StreamPath stream, Completion<std::monostate> done) {
    writes_.start<std::monostate>(
        0, [this, stream = std::move(stream)] { return streams_.remove(stream); }, std::move(done));
}

void ProtocolStore::truncate_before(StreamPath, Offset, Completion<Offset>) { refuse(Capability::truncate); }

Result<ReadPage> ProtocolStore::read(const ReadRequest& request) {
    if (request.direction == Direction::backward) refuse(Capability::backward_read);
    forbid_in_memory_only();
    return about_the_stream(caller_.wait<Result<ReadPage>>(streams_.read(request)));
}

FeedPage ProtocolStore::read_feed(const FeedRequest&) { refuse(Capability::store_order); }

Result<StreamInfo> ProtocolStore::head(const StreamPath& stream) {
    forbid_in_memory_only();
    std::optional<Result<StreamInfo>> info;
    caller_.wait<void>(look(streams_, stream, info));
    return about_the_stream(*std::move(info));
}

StreamList ProtocolStore::list(const ListRequest&) { refuse(Capability::list); }

Position ProtocolStore::tail() { refuse(Capability::store_order); }

Watch ProtocolStore::watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) {
    return start_watch(
        caller_,
        [this, stream, beyond](std::stop_token stop) { return streams_.wait_beyond(stream, beyond, std::move(stop)); },
        std::move(changed));
}

Watch ProtocolStore::watch_feed(Position, std::function<void()>) { refuse(Capability::store_order); }

}  // namespace foldback::remote
