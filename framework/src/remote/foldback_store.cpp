#include "remote/foldback_store.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "foldback/core/json_reader.hpp"
#include "foldback/store/read_mode.hpp"
#include "remote/remote_watch.hpp"
#include "remote/wire.hpp"

namespace foldback::remote {
namespace {

constexpr std::size_t max_listed = 10'000;

void add(std::string& query, std::string_view name, std::string_view value) {
    if (!query.empty()) query += '&';
    query.append(name).append("=").append(value);
}

void add_limits(std::string& query, std::size_t max_messages, std::size_t max_bytes) {
    if (max_messages != SIZE_MAX) add(query, "limit", std::to_string(max_messages));
    if (max_bytes != SIZE_MAX) add(query, "max_bytes", std::to_string(max_bytes));
}

std::string offset_text(const ReadFrom& from) {
    struct Text {
        std::string operator()(FromStart) const { return "-1"; }
        std::string operator()(FromTail) const { return "now"; }
        std::string operator()(Offset offset) const { return std::to_string(offset.value); }
        std::string operator()(StreamPoint point) const { return offset_token(point); }
    };
    return std::visit(Text(), from);
}

void forbid_in_memory_only() {
    if (ReadMode::current() == ReadMode::memory_only) throw NotInMemory();
}

/// Reads what the server sent.
template <class Read>
auto parsed(Read read) {
    try {
        return read();
    } catch (const JsonError& error) {
        throw StorageError(std::string("the server's answer cannot be read: ") + error.what());
    }
}

/// The body of an answer, or what a read throws when there is none for reasons that are not the stream's.
Result<std::string> body_of(Answer answer) {
    if (answer.response) return std::move(answer.response->body);
    auto refused = refusal_of(answer);
    switch (refused.reason) {
        case Refusal::not_found:
        case Refusal::gone:
        case Refusal::bad_offset:
        case Refusal::truncated:
        case Refusal::bad_request: return refused;
        case Refusal::stopped: throw StorageError("the store is being closed");
        default: throw StoreUnavailable(refused.detail);
    }
}

std::string whole_body_of(Answer answer) { return body_of(std::move(answer)).value(); }

std::size_t bytes_of(const std::vector<AppendRequest>& requests) {
    std::size_t bytes = 0;
    for (const auto& request : requests) bytes += request.messages.joined().size();
    return bytes;
}

}  // namespace

Call page_call(const ReadRequest& request) {
    Call call{.path = stream_url_path(request.stream), .query = "view=page"};
    add(call.query, "offset", offset_text(request.from));
    if (request.direction == Direction::backward) add(call.query, "direction", "backward");
    if (!request.renews_ttl) add(call.query, "renew", "false");
    add_limits(call.query, request.max_messages, request.max_bytes);
    return call;
}

Call feed_call(const FeedRequest& request) {
    Call call{.path = "/v1/feed", .query = "view=page&position=" + std::to_string(request.from.value)};
    if (!request.prefix.empty()) add(call.query, "prefix", client::detail::encode_path(request.prefix));
    add_limits(call.query, request.max_messages, request.max_bytes);
    return call;
}

FoldbackStore::FoldbackStore(std::string_view url, const HttpStoreOptions& options)
    : caller_(url, options), outcomes_(caller_), writes_(caller_, options.max_queued_bytes) {}

FoldbackStore::~FoldbackStore() { caller_.stop(); }

void FoldbackStore::connect() {
    const auto answer = caller_.wait_for({.path = "/v1/feed", .query = "view=page&position=0&limit=1&max_bytes=0"});
    if (!answer.response) {
        if (refusal_of(answer).reason != Refusal::across_partitions)
            throw StoreUnavailable(answer.response.error().message);
        capabilities_ = capabilities_.missing_in({Capability::store_order});
        return;
    }
    if (answer.response->header("content-type") == "application/vnd.foldback.page") return;
    throw StorageError(caller_.url_of("") + " is no `foldback serve` of this version");
}

void FoldbackStore::create(CreateRequest request, Completion<Created> done) {
    const auto bytes = request.initial.joined().size();
    writes_.start<Created>(
        bytes, [this, request = std::move(request)] { return outcomes_.create(request); }, std::move(done));
}

void FoldbackStore::append(AppendRequest request, Completion<Appended> done) {
    if (request.messages.empty() && !request.close) {
        done(Refused{.reason = Refusal::bad_request, .detail = "an append needs data, unless it closes"});
        return;
    }
    append_all({std::move(request)}, [done = std::move(done)](Result<std::vector<Appended>> appended) {
        done(appended ? Result<Appended>(std::move(appended->front())) : std::move(appended).error());
    });
}

void FoldbackStore::append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) {
    const auto bytes = bytes_of(requests);
    writes_.start<std::vector<Appended>>(
        bytes, [this, requests = std::move(requests)] { return outcomes_.append(requests); }, std::move(done));
}

void FoldbackStore::remove(StreamPath stream, Completion<std::monostate> done) {
    writes_.start<std::monostate>(
        0, [this, stream = std::move(stream)] { return outcomes_.remove(stream); }, std::move(done));
}

void FoldbackStore::truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) {
    writes_.start<Offset>(
        0, [this, stream = std::move(stream), offset] { return outcomes_.truncate_before(stream, offset); },
        std::move(done));
}

Result<ReadPage> FoldbackStore::read(const ReadRequest& request) {
    forbid_in_memory_only();
    auto body = body_of(caller_.wait_for(page_call(request)));
    if (!body) return body.error();
    return parsed([&] { return read_page(*std::move(body)); });
}

FeedPage FoldbackStore::read_feed(const FeedRequest& request) {
    require_order();
    forbid_in_memory_only();
    auto body = whole_body_of(caller_.wait_for(feed_call(request)));
    return parsed([&] { return read_feed_page(std::move(body)); });
}

Result<StreamInfo> FoldbackStore::head(const StreamPath& stream) {
    forbid_in_memory_only();
    const auto body = body_of(caller_.wait_for(info_call(stream)));
    if (!body) return body.error();
    return parsed([&] { return read_info(*body); });
}

StreamList FoldbackStore::list(const ListRequest& request) {
    forbid_in_memory_only();
    const auto limit = std::clamp<std::size_t>(request.limit, 1, max_listed);
    Call call{.path = "/v1/streams", .query = "view=info&limit=" + std::to_string(limit)};
    if (!request.prefix.empty()) add(call.query, "prefix", client::detail::encode_path(request.prefix));
    if (!request.after.empty()) add(call.query, "after", client::detail::encode_path(request.after));
    const auto body = whole_body_of(caller_.wait_for(call));
    auto list = parsed([&] { return read_list(body); });
    if (request.limit == 0) {
        list.complete = list.streams.empty();
        list.streams.clear();
    }
    return list;
}

Position FoldbackStore::tail() {
    require_order();
    forbid_in_memory_only();
    const auto answer = caller_.wait_for({.method = Method::head, .path = "/v1/feed"});
    if (!answer.response) throw StoreUnavailable(answer.response.error().message);
    return position_in(answer.response->header("stream-next-offset"));
}

Watch FoldbackStore::watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) {
    Call call{.path = stream_url_path(stream), .query = "view=watch&beyond=" + std::to_string(beyond.value)};
    return start_watch(caller_, std::move(call), std::move(changed));
}

Watch FoldbackStore::watch_feed(Position beyond, std::function<void()> changed) {
    require_order();
    Call call{.path = "/v1/feed", .query = "view=watch&position=" + std::to_string(beyond.value)};
    return start_watch(caller_, std::move(call), std::move(changed));
}

void FoldbackStore::require_order() const { require(*this, {Capability::store_order}, "a feed"); }

}  // namespace foldback::remote
