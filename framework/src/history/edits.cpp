#include "foldback/history/edits.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "foldback/store/messages.hpp"
#include "history/message_source.hpp"

namespace foldback {

namespace {

void check_message(const std::string& message) {
    // In an array of its own, so that an array is one message too.
    const auto checked = Messages::json("[" + message + "]");
    if (!checked) throw std::invalid_argument("the message of an edit: " + checked.error().problem);
    if (checked->count() != 1) throw std::invalid_argument("the message of an edit must be one JSON value");
}

}  // namespace

Edits& Edits::skip(Offset at) {
    auto& change = changes_[at];
    change.removed = true;
    change.replacement.reset();
    return *this;
}

Edits& Edits::replace(Offset at, std::string message) {
    check_message(message);
    auto& change = changes_[at];
    change.removed = true;
    change.replacement = std::move(message);
    return *this;
}

Edits& Edits::insert(Offset before, std::string message) {
    check_message(message);
    changes_[before].inserted.push_back(std::move(message));
    return *this;
}

std::optional<Offset> Edits::first() const {
    return changes_.empty() ? std::nullopt : std::optional(changes_.begin()->first);
}

namespace history {

namespace {

/// Some messages of the base in a row, or one of our own.
struct Piece {
    Offset begin;  ///< here
    std::uint64_t count = 0;
    std::optional<Offset> base;  ///< where they lie in the base; a replacement: what it replaces
    std::shared_ptr<const std::string> text{};
    Timestamp committed_at{};
};

class EditedSource final : public MessageSource {
public:
    EditedSource(std::shared_ptr<const MessageSource> base, const Edits& edits)
        : base_(std::move(base)), tail_(base_->first()), shared_until_(base_->shared_until()) {
        const Offset end = base_->tail();
        Offset at = base_->first();
        for (const auto& [offset, change] : edits.changes()) {
            if (offset < at || offset > end || (change.removed && offset == end))
                throw std::out_of_range("an edit at offset " + std::to_string(offset.value) + " of " + stream().text() +
                                        ", which has the offsets " + std::to_string(at.value) + " to " +
                                        std::to_string(end.value));
            take(at, offset);
            shared_until_ = std::min(shared_until_, offset);
            const auto time = time_around(offset, end);
            for (const auto& text : change.inserted) put(text, std::nullopt, time);
            if (change.replacement) put(*change.replacement, offset, time);
            at = {offset.value + (change.removed ? 1 : 0)};
        }
        take(at, end);
    }

    [[nodiscard]] Offset first() const override { return base_->first(); }
    [[nodiscard]] Offset tail() const override { return tail_; }
    [[nodiscard]] Offset shared_until() const override { return shared_until_; }
    [[nodiscard]] const StreamPath& stream() const override { return base_->stream(); }
    [[nodiscard]] StreamStore& store() const override { return base_->store(); }

    [[nodiscard]] MessagePage page(Offset from, std::size_t limit) const override {
        const Piece& piece = piece_at(from);
        const std::uint64_t into = from.value - piece.begin.value;
        if (piece.text) {
            return {{Message{.offset = from, .position = {}, .committed_at = piece.committed_at, .data = *piece.text}},
                    {piece.text}};
        }
        auto page = base_->page({piece.base->value + into}, std::min<std::uint64_t>(limit, piece.count - into));
        Offset offset = from;
        for (auto& message : page.messages) message.offset = {offset.value++};
        return page;
    }

    [[nodiscard]] std::optional<Offset> origin_of(Offset offset) const override {
        const Piece& piece = piece_at(offset);
        if (!piece.base) return std::nullopt;
        return base_->origin_of({piece.base->value + offset.value - piece.begin.value});
    }

    [[nodiscard]] Result<Created> fork(const StreamPath& path, Offset at, Messages initial,
                                       std::optional<std::chrono::seconds> ttl) const override {
        return base_->fork(path, at, std::move(initial), ttl);
    }

private:
    void take(Offset from, Offset to) {
        if (from >= to) return;
        pieces_.push_back({.begin = tail_, .count = to.value - from.value, .base = from});
        tail_.value += to.value - from.value;
    }
    void put(const std::string& text, std::optional<Offset> in_place_of, Timestamp time) {
        pieces_.push_back({.begin = tail_,
                           .count = 1,
                           .base = in_place_of,
                           .text = std::make_shared<const std::string>(text),
                           .committed_at = time});
        ++tail_.value;
    }
    /// When a message at this place would have been committed: with its successor, or with the last one.
    [[nodiscard]] Timestamp time_around(Offset offset, Offset end) const {
        if (offset == end) {
            if (end == base_->first()) return {};
            offset = {end.value - 1};
        }
        return base_->page(offset, 1).messages.front().committed_at;
    }
    [[nodiscard]] const Piece& piece_at(Offset offset) const {
        const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                                            [](Offset at, const Piece& piece) { return at < piece.begin; });
        return *std::prev(after);
    }

    std::shared_ptr<const MessageSource> base_;
    std::vector<Piece> pieces_;
    Offset tail_;
    Offset shared_until_;
};

}  // namespace

std::shared_ptr<MessageSource> edit(std::shared_ptr<const MessageSource> base, const Edits& edits) {
    return std::make_shared<EditedSource>(std::move(base), edits);
}

}  // namespace history

}  // namespace foldback
