#include "remote/wire.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "client/base64.hpp"
#include "foldback/core/json_reader.hpp"
#include "foldback/core/json_writer.hpp"
#include "remote/wire_reading.hpp"

namespace foldback::remote {
namespace {

void write_config(JsonWriter& writer, const StreamConfig& config) {
    writer.raw(R"({"content_type":)");
    writer.string(config.content_type.empty() ? StreamConfig().content_type : config.content_type);
    if (config.ttl) {
        writer.raw(R"(,"ttl_seconds":)");
        writer.number(static_cast<std::int64_t>(config.ttl->count()));
    }
    if (config.expires_at) {
        writer.raw(R"(,"expires_at":)");
        writer.string(time_text(*config.expires_at));
    }
    writer.raw('}');
}

void write_producer(JsonWriter& writer, const Producer& producer) {
    writer.raw(R"(,"producer":{"id":)");
    writer.string(producer.id);
    writer.raw(R"(,"epoch":)");
    writer.number(producer.epoch);
    writer.raw(R"(,"seq":)");
    writer.number(producer.seq);
    writer.raw('}');
}

void write_messages(JsonWriter& writer, const Messages& messages) {
    if (messages.empty()) return;
    if (messages.framing() == Framing::json) {
        writer.raw(R"(,"messages":[)");
        writer.raw(messages.joined());
        writer.raw(']');
    } else {
        writer.raw(R"(,"base64":")");
        writer.raw(client::detail::encode_base64(messages.joined()));
        writer.raw('"');
    }
}

void write_append(JsonWriter& writer, const AppendRequest& request) {
    writer.raw(R"({"stream":)");
    writer.string(request.stream.text());
    if (!request.content_type.empty()) {
        writer.raw(R"(,"content_type":)");
        writer.string(request.content_type);
    }
    if (request.expected) {
        writer.raw(R"(,"expected":)");
        writer.number(request.expected->value);
    }
    if (request.expected_point) {
        writer.raw(R"(,"expected_offset":)");
        writer.string(offset_token(*request.expected_point));
    }
    if (request.producer) write_producer(writer, *request.producer);
    if (request.stream_seq) {
        writer.raw(R"(,"stream_seq":)");
        writer.string(*request.stream_seq);
    }
    if (request.close) writer.raw(R"(,"close":true)");
    if (request.create_with) {
        writer.raw(R"(,"create":)");
        write_config(writer, *request.create_with);
    }
    write_messages(writer, request.messages);
    writer.raw('}');
}

Appended read_one_appended(JsonReader& reader) {
    Appended appended;
    read_members(reader, [&](std::string_view key) {
        if (key == "first") {
            appended.first = read_point(reader);
        } else if (key == "next") {
            appended.next = read_point(reader);
        } else if (key == "first_position") {
            appended.first_position.value = reader.integer<std::uint64_t>();
        } else if (key == "next_position") {
            appended.next_position.value = reader.integer<std::uint64_t>();
        } else if (key == "duplicate") {
            appended.duplicate = reader.boolean();
        } else if (key == "closed") {
            appended.closed = reader.boolean();
        } else if (key == "producer_seq") {
            appended.producer_seq = reader.integer<std::uint64_t>();
        } else {
            (void)reader.skip();
        }
    });
    return appended;
}

StreamInfo read_one_info(JsonReader& reader) {
    StreamInfo info{.stream = "unnamed"};
    read_members(reader, [&](std::string_view key) {
        if (key == "stream") {
            info.stream = reader.string();
        } else if (key == "incarnation") {
            info.incarnation.value = reader.integer<std::uint64_t>();
        } else if (key == "content_type") {
            info.config.content_type = reader.string();
        } else if (key == "tail") {
            info.tail = read_point(reader);
        } else if (key == "first") {
            info.first.value = reader.integer<std::uint64_t>();
        } else if (key == "closed") {
            info.closed = reader.boolean();
        } else if (key == "created_at_ms") {
            info.created_at = read_time(reader);
        } else if (key == "ttl_seconds") {
            info.config.ttl = std::chrono::seconds(reader.integer<std::int64_t>());
        } else if (key == "expires_at_ms") {
            info.config.expires_at = read_time(reader);
        } else if (key == "forked_from") {
            info.forked_from = StreamPath(reader.string());
        } else if (key == "fork_point") {
            info.fork_point = read_point(reader);
        } else {
            (void)reader.skip();
        }
    });
    return info;
}

/// The refusal of a code, whose words are joined by hyphens in problem documents.
std::optional<Refusal> refusal_named(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    for (auto value = std::uint8_t{0}; value <= static_cast<std::uint8_t>(Refusal::broken); ++value) {
        if (name == name_of(static_cast<Refusal>(value))) return static_cast<Refusal>(value);
    }
    if (name == "quota") return Refusal::full;
    if (name == "bad_fork") return Refusal::bad_offset;
    if (name == "held") return Refusal::bad_request;
    return std::nullopt;
}

void read_refused(JsonReader& reader, Refused& refused) {
    read_members(reader, [&](std::string_view key) {
        if (key == "tail") {
            refused.tail = read_point(reader);
        } else if (key == "first") {
            refused.first.value = reader.integer<std::uint64_t>();
        } else if (key == "closed") {
            refused.closed = reader.boolean();
        } else if (key == "producer_epoch") {
            refused.producer_epoch = reader.integer<std::uint64_t>();
        } else if (key == "expected_seq") {
            refused.expected_seq = reader.integer<std::uint64_t>();
        } else if (key == "received_seq") {
            refused.received_seq = reader.integer<std::uint64_t>();
        } else {
            (void)reader.skip();
        }
    });
}

std::uint64_t number_in(std::string_view digits) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
        throw StorageError("the server sent an offset or a position that is none");
    return value;
}

}  // namespace

std::string appends_text(std::span<const AppendRequest> requests) {
    std::size_t bytes = 32;
    for (const auto& request : requests) bytes += request.messages.joined().size() + 256;
    std::string text;
    text.reserve(bytes);
    JsonWriter writer(text);
    writer.raw(R"({"appends":[)");
    for (const auto& request : requests) {
        if (&request != requests.data()) writer.raw(',');
        write_append(writer, request);
    }
    writer.raw("]}");
    return text;
}

std::vector<Appended> read_appended(std::string_view text, std::size_t count) {
    std::vector<Appended> all;
    JsonReader reader(text);
    read_members(reader, [&](std::string_view key) {
        if (key != "appended") {
            (void)reader.skip();
            return;
        }
        read_elements(reader, [&] { all.push_back(read_one_appended(reader)); });
    });
    if (all.size() != count) throw StorageError("the server answered another number of appends than were sent");
    return all;
}

StreamInfo read_info(std::string_view text) {
    JsonReader reader(text);
    return read_one_info(reader);
}

StreamList read_list(std::string_view text) {
    StreamList list;
    JsonReader reader(text);
    read_members(reader, [&](std::string_view key) {
        if (key == "streams") {
            read_elements(reader, [&] { list.streams.push_back(read_one_info(reader)); });
        } else if (key == "complete") {
            list.complete = reader.boolean();
        } else {
            (void)reader.skip();
        }
    });
    return list;
}

std::optional<Refused> refusal_in(const client::Error& error) {
    if (error.status == 413) return Refused{.reason = Refusal::bad_request, .detail = error.message};
    std::optional<Refusal> reason;
    Refused refused;
    try {
        JsonReader reader(error.body);
        read_members(reader, [&](std::string_view key) {
            if (key == "code") {
                reason = refusal_named(std::string(reader.string()));
            } else if (key == "detail") {
                refused.detail = reader.string();
            } else if (key == "refused") {
                read_refused(reader, refused);
            } else {
                (void)reader.skip();
            }
        });
    } catch (const JsonError&) {
        return std::nullopt;
    }
    if (!reason && error.status != 400) return std::nullopt;
    refused.reason = reason.value_or(Refusal::bad_request);
    return refused;
}

std::string offset_token(StreamPoint point) {
    std::array<char, 48> text{};
    const auto size = std::snprintf(text.data(), text.size(), "%016llu_%016llu",
                                    static_cast<unsigned long long>(point.incarnation.value),
                                    static_cast<unsigned long long>(point.offset.value));
    return {text.data(), static_cast<std::size_t>(size)};
}

StreamPoint point_in(std::string_view token) {
    const auto middle = token.find('_');
    if (middle == std::string_view::npos) throw StorageError("the server sent an offset that is none");
    return {{number_in(token.substr(0, middle))}, {number_in(token.substr(middle + 1))}};
}

Position position_in(std::string_view token) { return {number_in(token)}; }

std::string time_text(Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::array<char, 40> text{};
    const auto size =
        std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace foldback::remote
