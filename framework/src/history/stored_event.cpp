#include "history/stored_event.hpp"

#include "foldback/core/envelope.hpp"
#include "foldback/history/aggregate_fold.hpp"

namespace foldback {

std::string detail::problem_of(const EnvelopeReader& envelope, const std::exception& error) {
    if (!envelope.has_type()) return error.what();
    return std::string(envelope.type()) + " version " + std::to_string(envelope.version()) + ": " + error.what();
}

namespace history {

StoredEvent stored_event(const Message& message) {
    StoredEvent event{.offset = message.offset,
                      .position = message.position,
                      .committed_at = message.committed_at,
                      .text = std::string(message.data)};
    EnvelopeReader envelope;
    try {
        envelope.open(event.text);
        event.type = envelope.type();
        event.version = envelope.version();
        (void)envelope.data().skip();
        envelope.read_rest();
        event.id = envelope.id();
        if (envelope.has_timestamp()) event.timestamp = envelope.timestamp();
        envelope.read_metadata(event.metadata);
    } catch (const JsonError&) {
        // Not in our envelope, or not quite: what was read so far is what it says.
        if (envelope.has_type()) event.type = envelope.type();
    }
    return event;
}

std::string_view type_of(std::string_view message, std::string& storage) {
    EnvelopeReader envelope;
    try {
        envelope.open(message);
    } catch (const JsonError&) {
        // Messages of other shapes may have a type as well: what was read until the error counts.
    }
    if (!envelope.has_type()) return {};
    storage = envelope.type();
    return storage;
}

}  // namespace history

}  // namespace foldback
