#include <algorithm>
#include <stdexcept>
#include <utility>

#include "history/message_source.hpp"

namespace foldback::history {

namespace {

/// As repositories read: a page that ends within a commit has read the rest of it for nothing.
constexpr std::size_t page_bytes = 1 << 20;

class StreamSource final : public MessageSource {
public:
    StreamSource(StreamStore& store, const StreamPath& stream) : store_(&store), stream_(stream) {
        const auto info = store.head(stream).value();
        if (framing_of(info.config.content_type) != Framing::json)
            throw std::invalid_argument(stream.text() + " holds bytes, not JSON: it has no events");
        incarnation_ = info.incarnation;
        first_ = info.first;
        tail_ = info.tail.offset;
    }

    [[nodiscard]] Offset first() const override { return first_; }
    [[nodiscard]] Offset tail() const override { return tail_; }
    [[nodiscard]] Offset shared_until() const override { return tail_; }
    [[nodiscard]] const StreamPath& stream() const override { return stream_; }
    [[nodiscard]] StreamStore& store() const override { return *store_; }

    bool refresh() override {
        const auto info = store_->head(stream_).value();
        check_incarnation(info.incarnation);
        return std::exchange(tail_, info.tail.offset) != tail_;
    }

    [[nodiscard]] MessagePage page(Offset from, std::size_t limit) const override {
        auto read = read_at(from, std::min<std::size_t>(limit, tail_.value - from.value));
        MessagePage page;
        for (const auto& message : read) page.messages.push_back(message);
        page.owners = std::move(read.owners);  // of the texts; nothing views the runs
        return page;
    }

    [[nodiscard]] Result<Created> fork(const StreamPath& path, Offset at, Messages initial,
                                       std::optional<std::chrono::seconds> ttl) const override {
        // The page says under which incarnation the stream knows the place.
        const auto place = read_at(at, 1);
        return store_->create({.stream = path,
                               .config = {.content_type = {}, .ttl = ttl},
                               .initial = std::move(initial),
                               .fork = ForkFrom{.source = stream_, .at = place.start}});
    }

private:
    [[nodiscard]] ReadPage read_at(Offset from, std::size_t limit) const {
        auto page = store_
                        ->read({.stream = stream_,
                                .from = from,
                                .max_bytes = page_bytes,
                                .max_messages = limit,
                                .renews_ttl = false})
                        .value();
        check_incarnation(page.incarnation);
        return page;
    }

    void check_incarnation(Incarnation now) const {
        if (now != incarnation_)
            throw std::runtime_error(stream_.text() + " was deleted and created again: open a new timeline");
    }

    StreamStore* store_;
    StreamPath stream_;
    Incarnation incarnation_;
    Offset first_;
    Offset tail_;
};

}  // namespace

std::shared_ptr<MessageSource> open_stream(StreamStore& store, const StreamPath& stream) {
    return std::make_shared<StreamSource>(store, stream);
}

}  // namespace foldback::history
