#include "foldback/core/envelope.hpp"

#include "foldback/core/decode.hpp"

namespace foldback {

namespace detail {

void begin_envelope(JsonWriter& writer, std::string_view type, unsigned version, const EnvelopeHeader& header) {
    writer.raw("{\"type\":");
    writer.string(type);
    writer.raw(",\"version\":");
    writer.number(std::uint64_t{version});
    if (!header.id.empty()) {
        writer.raw(",\"id\":");
        writer.string(header.id);
    }
    writer.raw(",\"timestamp\":");
    writer.number(std::int64_t{header.timestamp.time_since_epoch().count()});
    writer.raw(",\"data\":");
}

void end_envelope(JsonWriter& writer, const EnvelopeHeader& header) {
    if (header.metadata != nullptr && *header.metadata != Metadata{}) {
        writer.raw(",\"meta\":");
        char before = '{';
        const auto member = [&](std::string_view name, const std::string& value) {
            if (value.empty()) return;
            writer.raw(before);
            writer.string(name);
            writer.raw(':');
            writer.string(value);
            before = ',';
        };
        member("correlation", header.metadata->correlation);
        member("causation", header.metadata->causation);
        member("command", header.metadata->command);
        member("actor", header.metadata->actor);
        member("traceparent", header.metadata->traceparent);
        writer.raw('}');
    }
    writer.raw('}');
}

}  // namespace detail

void EnvelopeReader::read_known_head() {
    if (reader_.take(std::string_view(",\"id\":"))) read_id();
    if (reader_.take(std::string_view(",\"timestamp\":"))) read_timestamp();
    if (reader_.take(std::string_view(",\"data\":"))) {
        at_data_ = has_data_ = true;
        return;
    }
    read_members(false);
}

void EnvelopeReader::read_members(bool first) {
    std::string_view key;
    while (reader_.next_member(first, key)) {
        if (read_member(key)) return;
    }
    if (!has_type_) reader_.fail("no event: it has no \"type\"");
    if (!has_data_) reader_.fail("no event: it has no \"data\"");
}

bool EnvelopeReader::read_member(std::string_view key) {
    if (key == "type") {
        type_ = reader_.string();
        has_type_ = true;
        if (!is_in_message(type_)) keep_type();
    } else if (key == "version") {
        version_ = reader_.integer<unsigned>();
        has_version_ = true;
    } else if (key == "id") {
        read_id();
    } else if (key == "timestamp") {
        read_timestamp();
    } else if (key == "meta" && reader_.peek() == '{') {
        meta_ = reader_.skip();
    } else if (key == "data" && !has_data_) {
        has_data_ = true;
        at_data_ = has_type_ && has_version_;
        if (at_data_) return true;
        data_reader_.start_over(reader_.skip());
    } else {
        (void)reader_.skip();
    }
    return false;
}

void EnvelopeReader::read_timestamp() {
    const char c = reader_.peek();
    if (c != '-' && (c < '0' || c > '9')) {
        (void)reader_.skip();  // other writers may have other ideas of time
        return;
    }
    timestamp_ = Timestamp(std::chrono::milliseconds(reader_.integer<std::int64_t>()));
    has_timestamp_ = true;
}

void EnvelopeReader::keep_type() {
    type_storage_ = type_;
    type_ = type_storage_;
}

void EnvelopeReader::read_id() {
    if (reader_.peek() != '"') {
        (void)reader_.skip();  // other writers may number their events
        return;
    }
    id_ = reader_.string();
    if (is_in_message(id_)) return;
    id_storage_ = id_;
    id_ = id_storage_;
}

void EnvelopeReader::read_metadata(Metadata& metadata) const {
    metadata.correlation.clear();
    metadata.causation.clear();
    metadata.command.clear();
    metadata.actor.clear();
    metadata.traceparent.clear();
    if (meta_.empty()) return;
    JsonReader reader(meta_);
    reader.begin_object();
    std::string_view key;
    for (bool first = true; reader.next_member(first, key);) {
        std::string* const member = key == "correlation"   ? &metadata.correlation
                                    : key == "causation"   ? &metadata.causation
                                    : key == "command"     ? &metadata.command
                                    : key == "actor"       ? &metadata.actor
                                    : key == "traceparent" ? &metadata.traceparent
                                                           : nullptr;
        if (member != nullptr && reader.peek() == '"') {
            *member = reader.string();
        } else {
            (void)reader.skip();
        }
    }
}

void throw_corrupt(std::string_view stream, Offset offset, const EnvelopeReader& envelope, const JsonError& error) {
    std::string problem;
    if (envelope.has_type()) {
        problem = std::string(envelope.type()) + " version " + std::to_string(envelope.version()) + ": ";
    }
    throw CorruptEvent(stream, offset, problem + error.what());
}

}  // namespace foldback
