#include "foldback/store/one_stream.hpp"

#include <stdexcept>
#include <utility>

namespace foldback {
namespace {

Position position_of(Offset offset) { return {offset.value}; }

[[noreturn]] void throw_gone(const StreamPath& stream) {
    throw StorageError(stream.text() + " is not the stream any more that was followed: it was deleted");
}

}  // namespace

OneStream::OneStream(StreamStore& store, StreamPath stream) : store_(store), stream_(std::move(stream)) {
    const auto info = store_.head(stream_).value();
    if (framing_of(info.config.content_type) != Framing::json)
        throw std::invalid_argument(stream_.text() + " holds bytes, not JSON: it has no events");
    incarnation_ = info.incarnation;
}

Capabilities OneStream::capabilities() const noexcept { return store_.capabilities().with(Capability::store_order); }

void OneStream::create(CreateRequest request, Completion<Created> done) {
    store_.create(std::move(request), std::move(done));
}

void OneStream::append(AppendRequest request, Completion<Appended> done) {
    store_.append(std::move(request), [done = std::move(done)](Result<Appended> appended) {
        if (appended) {
            appended->first_position = position_of(appended->first.offset);
            appended->next_position = position_of(appended->next.offset);
        }
        done(std::move(appended));
    });
}

void OneStream::append_all(std::vector<AppendRequest> requests, Completion<std::vector<Appended>> done) {
    store_.append_all(std::move(requests), std::move(done));
}

void OneStream::remove(StreamPath stream, Completion<std::monostate> done) {
    store_.remove(std::move(stream), std::move(done));
}

void OneStream::truncate_before(StreamPath stream, Offset offset, Completion<Offset> done) {
    store_.truncate_before(std::move(stream), offset, std::move(done));
}

Result<ReadPage> OneStream::read(const ReadRequest& request) {
    auto page = store_.read(request);
    if (page) {
        for (auto& run : page->runs) run.first_position = position_of(run.first);
    }
    return page;
}

FeedPage OneStream::read_feed(const FeedRequest& request) {
    if (!stream_.text().starts_with(request.prefix)) {
        const auto end = tail();
        return {.messages = {}, .next = end, .tail = end, .up_to_date = true, .owners = {}};
    }
    ReadRequest of_stream{.stream = stream_,
                          .from = Offset{request.from.value},
                          .max_bytes = request.max_bytes,
                          .max_messages = request.max_messages};
    auto read = store_.read(of_stream);
    if (!read && read.error().reason == Refusal::truncated) {
        of_stream.from = read.error().first;
        read = store_.read(of_stream);
    }
    // Who has read farther than the stream goes is told how far that is.
    if (!read && read.error().reason == Refusal::bad_offset)
        return {.messages = {}, .next = request.from, .tail = tail(), .up_to_date = true, .owners = {}};
    if (!read || read->incarnation != incarnation_) throw_gone(stream_);
    if (read->closed) end_ = read->tail.offset.value;
    FeedPage page{.messages = {},
                  .next = position_of(read->next.offset),
                  .tail = position_of(read->tail.offset),
                  .up_to_date = read->up_to_date,
                  .owners = {}};
    for (const auto& message : *read) {
        page.messages.push_back({.stream = stream_.text(),
                                 .offset = {incarnation_, message.offset},
                                 .position = position_of(message.offset),
                                 .committed_at = message.committed_at,
                                 .framing = Framing::json,
                                 .data = message.data});
    }
    page.owners = std::move(read->owners);
    return page;
}

Result<StreamInfo> OneStream::head(const StreamPath& stream) { return store_.head(stream); }
StreamList OneStream::list(const ListRequest& request) { return store_.list(request); }

Position OneStream::tail() {
    const auto info = store_.head(stream_);
    if (!info || info->incarnation != incarnation_) throw_gone(stream_);
    return position_of(info->tail.offset);
}

Watch OneStream::watch(const StreamPath& stream, Offset beyond, std::function<void()> changed) {
    return store_.watch(stream, beyond, std::move(changed));
}

Watch OneStream::keep_alive(const StreamPath& stream) { return store_.keep_alive(stream); }

Watch OneStream::watch_feed(Position beyond, std::function<void()> changed) {
    // Of a closed stream a watch calls back at once, though nothing will ever come: who waits would wake for ever.
    if (beyond.value >= end_) return {};
    return store_.watch(stream_, Offset{beyond.value}, std::move(changed));
}

}  // namespace foldback
