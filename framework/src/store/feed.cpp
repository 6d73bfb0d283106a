#include "store/feed.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <thread>

#include "store/chunk_loader.hpp"

namespace foldback {
namespace {

/// Log that one call reads at most: a prefix that matches nothing must not hold its caller up.
constexpr std::uint64_t max_scanned_bytes = 16 << 20;
constexpr int max_attempts = 1000;
/// Memory for copies of messages is taken in blocks of at most so much, but for larger messages.
constexpr std::size_t largest_block_bytes = 256 << 10;

/// Fills a page from the commits it is shown.
class FeedFiller {
public:
    FeedFiller(FeedPage& page, const FeedRequest& request, index::Catalog& catalog,
               const std::shared_ptr<log::BlockPool>& memory)
        : page_(page),
          request_(request),
          catalog_(catalog),
          memory_(memory),
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
        const auto [incarnation, stream, first] = stream_of(record.incarnation);
        if (record.payload_dropped || stream == nullptr || record.first.value + record.extent <= first.value) {
            page_.next = end;
            return true;
        }
        const auto payload = copy_of(record.payload);
        reserve_for(std::min<std::size_t>({record.count, messages_left_, bytes_left_ + 1}));
        auto sizes = record.sizes;
        std::size_t byte = 0;
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
            page_.next = {position.value + 1};
        }
        return room;
    }

    /// As a vector grows, but at once.
    void reserve_for(std::size_t more) {
        const auto wanted = page_.messages.size() + more;
        const auto capacity = page_.messages.capacity();
        if (wanted > capacity) page_.messages.reserve(std::max(wanted, 2 * capacity));
    }

    [[nodiscard]] bool is_wanted(const std::string& path) const {
        const auto begins = [&](const std::string& prefix) { return path.starts_with(prefix); };
        return begins(request_.prefix) && (request_.prefixes.empty() || std::ranges::any_of(request_.prefixes, begins));
    }

    struct Known {
        std::uint64_t incarnation = 0;  ///< 0: none
        const index::StreamMeta* stream =
            nullptr;   ///< owned by the page; null: the stream is gone, or its path does not match
        Offset first;  ///< the earliest retained offset
    };

    const Known& stream_of(Incarnation incarnation) {
        auto& known = known_[incarnation.value % known_.size()];
        if (known.incarnation == incarnation.value) return known;
        known = {incarnation.value, nullptr, {}};
        (void)catalog_.look_at(incarnation, [&](const index::StreamState& stream) {
            const auto& meta = stream.meta;
            if (stream.life != index::Life::live || !is_wanted(meta->path.text())) return;
            if (catalog_.expired(stream)) return;
            known.stream = meta.get();
            known.first = stream.first;
            page_.owners.push_back(meta);
        });
        return known;
    }

    /// A copy that lives as long as the page: one after the other in a few blocks.
    std::string_view copy_of(std::string_view bytes) {
        if (bytes.size() > block_left_) {
            block_left_ = std::max(bytes.size(), next_block_bytes_);
            next_block_bytes_ = std::min(next_block_bytes_ * 4, largest_block_bytes);
            const auto block = take_piece(memory_, block_left_);
            block_ = block.get();
            page_.owners.push_back(block);
        }
        std::copy(bytes.begin(), bytes.end(), block_);
        const std::string_view copy(block_, bytes.size());
        block_ += bytes.size();
        block_left_ -= bytes.size();
        return copy;
    }

    FeedPage& page_;
    const FeedRequest& request_;
    index::Catalog& catalog_;
    const std::shared_ptr<log::BlockPool>& memory_;
    std::size_t bytes_left_;
    std::size_t messages_left_;
    std::uint64_t scanned_bytes_ = 0;
    std::array<Known, 64> known_{};  ///< the stream looked at last, of those that share a place
    char* block_ = nullptr;          ///< where the next copy goes
    std::size_t block_left_ = 0;
    std::size_t next_block_bytes_ = 4 << 10;
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
    FeedFiller filler(page, request, catalog_, memory_);
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
