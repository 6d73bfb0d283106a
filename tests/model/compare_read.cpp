#include "model/comparison.hpp"

namespace foldback::model {
namespace {

/// Compares messages with slices of the model, one after another; bytes may be cut anywhere.
class Follower {
public:
    Follower(const Stream& stream, const std::vector<Slice>& slices)
        : is_json_(stream.framing() == Framing::json), slices_(slices) {}

    void begin_at(std::uint64_t offset) {
        while (at_ < slices_.size() && end_of(slices_[at_]) <= offset) ++at_;
        skip_ = at_ < slices_.size() && !is_json_ ? offset - slices_[at_].offset : 0;
    }

    void follow(const Message& message) {
        const auto offset = std::to_string(message.offset.value);
        require(at_ < slices_.size(), "there is a message too many, at " + offset);
        const auto& slice = slices_[at_];
        require(message.offset.value == slice.offset + skip_,
                "a message has offset " + offset + ", not " + std::to_string(slice.offset + skip_));
        require(message.position.value == slice.position,
                "the message at " + offset + " has position " + std::to_string(message.position.value));
        require(message.committed_at == slice.at, "the message at " + offset + " has another time");
        const auto rest = slice.data.substr(skip_);
        const bool same = is_json_ ? message.data == rest : rest.starts_with(message.data);
        require(same, "the message at " + offset + " has other data");
        skip_ += is_json_ ? 0 : message.data.size();
        if (!is_json_ && message.data.size() < rest.size()) return;
        ++at_;
        skip_ = 0;
    }

    [[nodiscard]] std::uint64_t end_of(const Slice& slice) const {
        return slice.offset + (is_json_ ? 1 : slice.data.size());
    }

private:
    bool is_json_;
    const std::vector<Slice>& slices_;
    std::size_t at_ = 0;
    std::uint64_t skip_ = 0;
};

std::uint64_t extent(const Message& message, bool is_json) { return is_json ? 1 : message.data.size(); }

void follow_forward(LogStore& store, const Model& model, const Stream& stream, ReadRequest request, Random& random) {
    const auto slices = model.contents(stream);
    const bool is_json = stream.framing() == Framing::json;
    Follower follower(stream, slices);
    auto at = std::get<Offset>(request.from).value;
    follower.begin_at(at);
    for (int pages = 0; pages < 5; ++pages) {
        request.from = model.point(stream, at);
        request.max_bytes = below(random, 3) == 0 ? below(random, 300) : below(random, 300'000);
        request.max_messages = 1 + below(random, 60);
        const auto page = store.read(request).value();
        std::size_t count = 0;
        for (const auto& message : page) {
            follower.follow(message);
            at += extent(message, is_json);
            ++count;
        }
        require(count <= request.max_messages, "a page holds too many messages");
        require(count <= 1 || page.payload_bytes() <= request.max_bytes, "a page holds too many bytes");
        require(page.next == model.point(stream, at), "a page does not end where its messages end");
        require(page.tail == model.point(stream, stream.tail), "a page has another tail");
        require(page.closed == stream.closed, "a page is wrong about closure");
        require(page.up_to_date == (at == stream.tail), "a page is wrong about being up to date");
        require(count > 0 || page.up_to_date, "a page is empty, but there is more");
        if (page.up_to_date) return;
    }
}

void follow_backward(LogStore& store, const Model& model, const Stream& stream, ReadRequest request, Random& random) {
    const auto slices = model.contents(stream);
    const bool is_json = stream.framing() == Framing::json;
    auto before = std::get<Offset>(request.from).value;
    auto slice = slices.rbegin();
    while (slice != slices.rend() && slice->offset >= before) ++slice;
    for (int pages = 0; pages < 3; ++pages) {
        request.from = Offset{before};
        request.max_bytes = below(random, 100'000);
        request.max_messages = 1 + below(random, 30);
        const auto page = store.read(request).value();
        std::size_t count = 0;
        for (const auto& message : page) {
            require(slice != slices.rend(), "a backward page holds a message too many");
            const auto data = is_json ? slice->data : slice->data.substr(0, before - slice->offset);
            require(message.offset.value == slice->offset, "a backward page does not go on where it should");
            require(message.position.value == slice->position, "a backward page has another position");
            require(message.data == data, "a backward page has other data at " + std::to_string(slice->offset));
            before = slice->offset;
            ++slice;
            ++count;
        }
        require(count <= request.max_messages, "a backward page holds too many messages");
        require(page.next == model.point(stream, before), "a backward page does not end where its messages end");
        require(page.up_to_date == (before == stream.first),
                "a backward page is wrong about having reached the beginning");
        require(count > 0 || page.up_to_date, "a backward page is empty, but there is more");
        if (page.up_to_date) return;
    }
}

}  // namespace

void compare_read(LogStore& store, const Model& model, const std::string& path, Random& random) {
    ReadRequest request{.stream = path, .renews_ttl = false};
    if (chance(random, 30)) request.direction = Direction::backward;
    const auto* stream = model.find(path);
    if (stream == nullptr) {
        const auto refused = store.read(request);
        require(!refused.has_value() && refused.error().reason == model.missing(path),
                path + ": a read of a missing stream");
        return;
    }
    if (chance(random, 5) && stream->first > 0 && request.direction == Direction::forward) {
        request.from = Offset{below(random, stream->first)};
        const auto refused = store.read(request);
        require(!refused.has_value() && refused.error().reason == Refusal::truncated,
                path + ": a read of what was given up");
        require(refused.error().first.value == stream->first, path + ": another first offset");
        return;
    }
    const auto span = stream->tail - stream->first;
    const bool from_end = request.direction == Direction::backward && chance(random, 50);
    const bool from_start = request.direction == Direction::forward && chance(random, 50);
    request.from = Offset{from_start ? stream->first
                          : from_end ? stream->tail
                                     : stream->first + below(random, span + 1)};
    try {
        if (request.direction == Direction::forward) {
            follow_forward(store, model, *stream, request, random);
        } else {
            follow_backward(store, model, *stream, request, random);
        }
    } catch (const Mismatch& mismatch) {
        throw Mismatch(path + ": " + mismatch.what());
    }
}

}  // namespace foldback::model
