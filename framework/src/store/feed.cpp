#include "store/feed.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

namespace foldback {
namespace {

/// Log that one call reads at most: a prefix that matches nothing must not hold its caller up.
constexpr std::uint64_t max_scanned_bytes = 16 << 20;
constexpr int max_attempts = 1000;

/// Fills a page from the commits it is shown.
class FeedFiller {
public:
    FeedFiller(FeedPage& page, const FeedRequest& request, index::Catalog& catalog)
        : page_(page),
          request_(request),
          catalog_(catalog),
          bytes_left_(request.max_bytes),
          messages_left_(request.max_messages) {}

    /// False when the page is full.
    bool add(const log::CommitView& commit) {
        auto rest = commit.payload;
        while (!rest.empty()) {
            const auto view = log::decode_record(rest, false);
            if (!view) throw StorageError("a record of a whole commit cannot be read");
            rest.remove_prefix(view->bytes.size());
            if (view->type != log::RecordType::messages_appended) continue;
            const auto record = log::decode_appended(*view);
            if (!record) throw StorageError("the body of a stored record cannot be read");
            if (!add(*record)) return false;
        }
        page_.next = std::max(page_.next, Position{commit.header.first_position.value + commit.header.messages});
        scanned_bytes_ += commit.payload.size();
        // Without a step forward the caller would ask for the same stretch for ever.
        return scanned_bytes_ < max_scanned_bytes || page_.next == request_.from;
    }

private:
    bool add(const log::MessagesAppended& record) {
        const Position end{record.first_position.value + record.count};
        if (end <= page_.next) return true;
        const auto& stream = stream_of(record.incarnation);
        const auto first = stream ? first_of_.at(record.incarnation.value) : Offset{};
        if (record.payload_dropped || !stream || record.first.value + record.extent <= first.value) {
            page_.next = end;
            return true;
        }
        auto data = std::make_shared<const std::string>(record.payload);
        const std::string_view payload = *data;
        auto sizes = record.sizes;
        std::size_t byte = 0;
        bool used = false;
        bool room = true;
        for (std::uint32_t i = 0; i < record.count; ++i) {
            auto size = record.framing == Framing::json ? log::take_varint(sizes).value_or(0) : payload.size();
            auto begin = byte;
            byte += size + 1;
            const Position position{record.first_position.value + i};
            if (position < page_.next) continue;
            Offset offset{record.first.value + i};
            if (offset < first && record.framing == Framing::json) {
                page_.next = {position.value + 1};
                continue;
            }
            if (offset < first) {  // bytes: what was not given up
                begin += first.value - offset.value;
                size -= first.value - offset.value;
                offset = first;
            }
            room = messages_left_ > 0 && (size <= bytes_left_ || page_.messages.empty());
            if (!room) break;
            page_.messages.push_back({.stream = stream->path.text(),
                                      .offset = stream->point(offset),
                                      .position = position,
                                      .committed_at = Timestamp{std::chrono::milliseconds{record.timestamp_ms}},
                                      .framing = record.framing,
                                      .data = payload.substr(begin, size)});
            bytes_left_ -= std::min<std::size_t>(bytes_left_, size);
            --messages_left_;
            used = true;
            page_.next = {position.value + 1};
        }
        if (used) page_.owners.push_back(std::move(data));
        return room;
    }

    /// Null: the stream is gone, or its path does not match.
    const std::shared_ptr<const index::StreamMeta>& stream_of(Incarnation incarnation) {
        const auto known = metas_.find(incarnation.value);
        if (known != metas_.end()) return known->second;
        std::shared_ptr<const index::StreamMeta> meta;
        if (const auto stream = catalog_.find(incarnation)) {
            const std::shared_lock lock(catalog_.mutex());
            const bool wanted =
                stream->life == index::Life::live && stream->meta->path.text().starts_with(request_.prefix);
            if (wanted && !catalog_.expired(*stream)) {
                meta = stream->meta;
                first_of_[incarnation.value] = stream->first;
                page_.owners.push_back(meta);
            }
        }
        return metas_.emplace(incarnation.value, std::move(meta)).first->second;
    }

    FeedPage& page_;
    const FeedRequest& request_;
    index::Catalog& catalog_;
    std::size_t bytes_left_;
    std::size_t messages_left_;
    std::uint64_t scanned_bytes_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<const index::StreamMeta>> metas_;
    std::unordered_map<std::uint64_t, Offset> first_of_;
};

}  // namespace

FeedPage FeedReader::read(const FeedRequest& request) {
    for (int attempt = 0;; ++attempt) {
        End end;
        {
            const std::shared_lock lock(catalog_.mutex());
            end.place = catalog_.folded_to();
            end.tail = catalog_.next_position();
            end.segment = log_.segment(end.place.segment);
        }
        if (request.from >= end.tail)
            return {.messages = {}, .next = request.from, .tail = end.tail, .up_to_date = true, .owners = {}};
        if (auto page = read_from(landmark(request.from), request, end)) return *std::move(page);
        if (attempt == max_attempts) throw StorageError("the index does not say where the feed's messages are");
        std::this_thread::yield();
    }
}

index::Landmark FeedReader::landmark(Position position) {
    {
        const std::shared_lock lock(catalog_.mutex());
        const auto& recent = catalog_.recent_landmarks();
        const auto after =
            std::upper_bound(recent.begin(), recent.end(), position,
                             [](Position wanted, const index::Landmark& mark) { return wanted < mark.position; });
        if (after != recent.begin()) return *std::prev(after);
    }
    return index_.landmark(position).value_or(
        index::Landmark{.position = {0}, .place = {1, log::segment_header_bytes}});
}

std::optional<FeedPage> FeedReader::read_from(const index::Landmark& landmark, const FeedRequest& request,
                                              const End& end) {
    // Any generation of a segment begins at the same byte; other places are those of one generation.
    const bool at_begin = landmark.place.byte == log::segment_header_bytes;
    auto segment =
        at_begin ? log_.segment(landmark.place.segment) : log_.segment(landmark.place.segment, landmark.generation);
    if (!segment) return std::nullopt;
    // The end is a place of the generation that it was taken in.
    if (landmark.place.segment == end.place.segment && segment != end.segment) return std::nullopt;
    FeedPage page;
    page.next = request.from;
    page.tail = end.tail;
    FeedFiller filler(page, request, catalog_);
    bool room = true;
    auto from_byte = landmark.place.byte;
    for (auto number = landmark.place.segment; room && number <= end.place.segment; ++number) {
        const bool is_last = number == end.place.segment;
        if (number > landmark.place.segment) segment = is_last ? end.segment : log_.segment(number);
        const auto end_byte = is_last ? std::optional(end.place.byte) : std::nullopt;
        if (end_byte && *end_byte <= from_byte) break;
        log::Log::scan_segment(*segment, from_byte, end_byte, [&](const log::CommitView& commit) {
            room = filler.add(commit);
            return room;
        });
        from_byte = log::segment_header_bytes;
    }
    if (room) page.next = end.tail;
    page.up_to_date = page.next == end.tail;
    return page;
}

}  // namespace foldback
