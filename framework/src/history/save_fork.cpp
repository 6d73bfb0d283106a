#include <utility>

#include "history/message_source.hpp"

namespace foldback::history {

namespace {

constexpr std::size_t batch_bytes = 4 << 20;

/// Some messages from `at` on, which moves behind them.
Messages next_batch(const MessageSource& source, Offset& at) {
    std::vector<std::string> texts;
    for (std::size_t bytes = 0; at < source.tail() && bytes < batch_bytes;) {
        for (const auto& message : source.page(at, 1000).messages) {
            texts.emplace_back(message.data);
            bytes += message.data.size();
            ++at.value;
        }
    }
    return Messages::trusted_json(std::span<const std::string>(texts));
}

}  // namespace

Result<Created> save(const MessageSource& source, const StreamPath& path, std::optional<std::chrono::seconds> ttl) {
    Offset at = source.shared_until();
    Offset tail = at;
    auto initial = next_batch(source, at);
    auto created = source.fork(path, tail, std::move(initial), ttl);
    if (!created) return created;
    // The same fork of an earlier time counts as a success of create, but holds what it holds.
    if (!created->created)
        return Refused{.reason = Refusal::exists, .detail = "the stream '" + path.text() + "' exists"};
    tail = at;
    while (at < source.tail()) {
        auto appended = source.store().append({.stream = path, .messages = next_batch(source, at), .expected = tail});
        if (!appended) {
            (void)source.store().remove(path);
            return appended.error();
        }
        tail = at;
    }
    created->info = source.store().head(path).value();
    return created;
}

}  // namespace foldback::history
