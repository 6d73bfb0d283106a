#pragma once

#include <string>
#include <string_view>

#include "foldback/core/codec.hpp"
#include "foldback/core/events.hpp"
#include "foldback/core/metadata.hpp"
#include "foldback/core/timestamp.hpp"

namespace foldback {

/// What is stored of an event beside itself. Views.
struct EnvelopeHeader {
    std::string_view id{};  ///< unique; empty: not stored
    Timestamp timestamp{};
    const Metadata* metadata = nullptr;  ///< null: not stored
};

namespace detail {
void begin_envelope(JsonWriter& writer, std::string_view type, unsigned version, const EnvelopeHeader& header);
void end_envelope(JsonWriter& writer, const EnvelopeHeader& header);
}  // namespace detail

/// Writes an event in its envelope: {"type":…,"version":…,"id":…,"timestamp":…,"data":{…},"meta":{…}}. `Struct` is an
/// alternative of `Event`. Throws std::invalid_argument for what has no JSON.
template <class Event, class Struct>
void write_envelope(JsonWriter& writer, const Struct& event, const EnvelopeHeader& header) {
    static_assert(Event::template has<Struct>, "the struct is no event of this Events");
    if constexpr (std::is_same_v<Struct, UnknownEvent>) {
        detail::begin_envelope(writer, event.type, event.version, header);
        writer.raw(event.data);
    } else {
        detail::begin_envelope(writer, Event::template name_of<Struct>, Event::template version_of<Struct>, header);
        write_json(writer, event);
    }
    detail::end_envelope(writer, header);
}

/// The same for an Events value, as a text of its own.
template <class Event>
[[nodiscard]] std::string to_envelope(const Event& event, const EnvelopeHeader& header = {}) {
    constexpr std::size_t usual_bytes = 512;  // grown into from nothing it would be copied five times
    std::string text;
    text.reserve(usual_bytes);
    JsonWriter writer(text);
    std::visit([&](const auto& one) { write_envelope<Event>(writer, one, header); }, event.variant());
    return text;
}

/// Reads an envelope, whatever the order of its members, in two steps: first what says how to read the data, then the rest.
///
/// `open` stops at the data, if type and version came before it: then data() is a reader that stands there. Otherwise it
/// reads on to the end, and data() is a reader of the data's text. Throws JsonError. One reader reads message after message.
class EnvelopeReader {
public:
    /// `message` must outlive what is read of it.
    void open(std::string_view message) {
        start_over(message);
        // As we write it ourselves.
        if (reader_.take(std::string_view("{\"type\":")) && reader_.peek() == '"') {
            type_ = reader_.string();
            has_type_ = true;
            if (is_in_message(type_) && reader_.take(std::string_view(",\"version\":"))) {
                version_ = reader_.integer<unsigned>();
                has_version_ = true;
                read_known_head();
                return;
            }
            keep_type();
            read_members(false);
            return;
        }
        reader_.start_over(message);
        reader_.begin_object();
        read_members(true);
    }

    [[nodiscard]] bool has_type() const noexcept { return has_type_; }
    [[nodiscard]] std::string_view type() const noexcept { return type_; }
    [[nodiscard]] unsigned version() const noexcept { return version_; }
    [[nodiscard]] JsonReader& data() noexcept { return at_data_ ? reader_ : data_reader_; }

    /// After data() has been read: the members that come after it.
    void read_rest() {
        if (at_data_) read_members(false);
    }
    [[nodiscard]] std::string_view id() const noexcept { return id_; }
    [[nodiscard]] bool has_timestamp() const noexcept { return has_timestamp_; }
    [[nodiscard]] Timestamp timestamp() const noexcept { return timestamp_; }
    /// Fills `metadata`, keeping its strings' memory.
    void read_metadata(Metadata& metadata) const;

private:
    void start_over(std::string_view message) {
        reader_.start_over(message);
        message_ = message;
        id_ = {};
        meta_ = {};
        version_ = 1;
        has_type_ = has_version_ = has_timestamp_ = has_data_ = at_data_ = false;
    }
    [[nodiscard]] bool is_in_message(std::string_view text) const noexcept {
        return text.data() >= message_.data() && text.data() <= message_.data() + message_.size();
    }
    /// Type and version are known: on to the data.
    void read_known_head();
    void read_members(bool first);
    bool read_member(std::string_view key);
    void read_timestamp();
    void keep_type();
    void read_id();

    JsonReader reader_{std::string_view()};
    JsonReader data_reader_{std::string_view()};
    std::string_view message_;
    std::string_view type_;
    std::string_view id_;
    std::string_view meta_;
    std::string type_storage_;
    std::string id_storage_;
    Timestamp timestamp_{};
    unsigned version_ = 1;
    bool has_type_ = false;
    bool has_version_ = false;
    bool has_timestamp_ = false;
    bool has_data_ = false;
    bool at_data_ = false;
};

}  // namespace foldback
