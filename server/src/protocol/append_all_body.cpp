#include "protocol/append_all_body.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "foldback/core/json_reader.hpp"
#include "protocol/base64.hpp"
#include "protocol/header_values.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::protocol {

namespace {

/// Ends the reading with what is wrong.
struct Refuse {
    Problem problem;
};

[[noreturn]] void refuse(std::string sentence) { throw Refuse{bad_request("bad-append", std::move(sentence))}; }

/// Reads an object: `read(key)` reads the value of a member that it knows, and says whether it does.
template <class Read>
void read_object(JsonReader& reader, Read read) {
    reader.begin_object();
    std::vector<std::string> seen;
    std::string_view key;
    for (bool first = true; reader.next_member(first, key);) {
        const std::string name(key);
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) refuse("The member " + name + " occurs twice.");
        seen.push_back(name);
        if (!read(name)) refuse("The member \"" + name + "\" is unknown here.");
    }
}

std::string short_text(JsonReader& reader, const char* name) {
    std::string text(reader.string());
    if (!is_short_text(text)) refuse(std::string(name) + " must be 1 to 256 printable characters.");
    return text;
}

std::uint64_t number(JsonReader& reader, const char* name) {
    const auto value = reader.integer<std::uint64_t>();
    if (value > max_safe_integer) refuse(std::string(name) + " must be at most 2^53-1.");
    return value;
}

StreamPath path(JsonReader& reader) {
    auto path = StreamPath::parse(reader.string());
    if (!path) throw Refuse{bad_request("bad-path", "The stream's path is refused: " + path.error() + ".")};
    return *std::move(path);
}

std::string content_type(JsonReader& reader) {
    std::string type(reader.string());
    if (!is_content_type(type)) refuse("content_type must be a media type such as application/json.");
    return type;
}

StreamPoint token(JsonReader& reader) {
    const auto point = parse_offset_token(reader.string());
    if (!point) throw Refuse{bad_request("bad-offset", "An offset is not one that this server has given out.")};
    return *point;
}

Producer producer(JsonReader& reader) {
    Producer read;
    read_object(reader, [&](std::string_view key) {
        if (key == "id") {
            read.id = short_text(reader, "The producer's id");
        } else if (key == "epoch") {
            read.epoch = number(reader, "The producer's epoch");
        } else if (key == "seq") {
            read.seq = number(reader, "The producer's seq");
        } else {
            return false;
        }
        return true;
    });
    if (read.id.empty()) refuse("A producer needs an id.");
    return read;
}

StreamConfig config(JsonReader& reader) {
    StreamConfig read;
    read_object(reader, [&](std::string_view key) {
        if (key == "content_type") {
            read.content_type = content_type(reader);
        } else if (key == "ttl_seconds") {
            const auto seconds = reader.integer<std::uint64_t>();
            if (seconds > max_ttl_seconds) refuse("ttl_seconds must be at most ten years.");
            read.ttl = std::chrono::seconds(seconds);
        } else if (key == "expires_at") {
            read.expires_at = parse_timestamp(reader.string());
            if (!read.expires_at) refuse("expires_at must be a timestamp of RFC 3339.");
        } else {
            return false;
        }
        return true;
    });
    if (read.ttl && read.expires_at) {
        throw Refuse{bad_request("contradictory-expiry", "ttl_seconds and expires_at exclude each other.")};
    }
    return read;
}

Messages messages(JsonReader& reader, const ApiOptions& options) {
    if (reader.peek() != '[') reader.fail_expected("an array of messages");
    auto parsed = parse_json_body(reader.skip(), options);
    if (!parsed) throw Refuse{parsed.error()};
    return std::move(*parsed);
}

Messages bytes(JsonReader& reader) {
    auto decoded = decode_base64(reader.string());
    if (!decoded) refuse("base64 must be padded base64 (RFC 4648).");
    return Messages::bytes(std::move(*decoded));
}

/// Reads one member of an append; false when there is no such member.
bool read_member(JsonReader& reader, std::string_view key, const ApiOptions& options, AppendRequest& append) {
    if (key == "messages" || key == "base64") {
        if (!append.messages.empty()) refuse("messages and base64 exclude each other.");
        append.messages = key == "messages" ? messages(reader, options) : bytes(reader);
    } else if (key == "content_type") {
        append.content_type = content_type(reader);
    } else if (key == "expected") {
        append.expected = Offset{number(reader, "expected")};
    } else if (key == "expected_offset") {
        append.expected_point = token(reader);
    } else if (key == "producer") {
        append.producer = producer(reader);
    } else if (key == "stream_seq") {
        append.stream_seq = short_text(reader, "stream_seq");
    } else if (key == "close") {
        append.close = reader.boolean();
    } else if (key == "create") {
        append.create_with = config(reader);
    } else {
        return false;
    }
    return true;
}

AppendRequest read_append(JsonReader& reader, const ApiOptions& options) {
    std::optional<StreamPath> stream;
    AppendRequest append{.stream = "unnamed"};
    read_object(reader, [&](std::string_view key) {
        if (key != "stream") return read_member(reader, key, options, append);
        stream = path(reader);
        return true;
    });
    if (!stream) refuse("An append needs a stream.");
    append.stream = *std::move(stream);
    return append;
}

std::vector<AppendRequest> read_appends(JsonReader& reader, const ApiOptions& options) {
    std::vector<AppendRequest> appends;
    std::uint64_t count = 0;
    reader.begin_array();
    for (bool first = true; reader.next_element(first);) {
        if (appends.size() == max_appends) {
            throw Refuse{{413, "too-many-streams", "One request appends to at most 1000 streams."}};
        }
        appends.push_back(read_append(reader, options));
        count += appends.back().messages.count();
        if (count > options.max_batch_messages) {
            throw Refuse{{413, "too-many-messages",
                          "The body holds more than " + std::to_string(options.max_batch_messages) + " messages."}};
        }
    }
    return appends;
}

}  // namespace

Parsed<std::vector<AppendRequest>> parse_appends(std::string_view body, const ApiOptions& options) {
    try {
        JsonReader reader(body);
        std::vector<AppendRequest> appends;
        bool found = false;
        read_object(reader, [&](std::string_view key) {
            if (key != "appends") return false;
            found = true;
            appends = read_appends(reader, options);
            return true;
        });
        reader.expect_end();
        if (!found) refuse("The body needs the member appends.");
        return appends;
    } catch (const Refuse& refused) {
        return refused.problem;
    } catch (const JsonError& error) {
        return bad_request("bad-json", std::string("The body is refused at byte ") + std::to_string(error.byte) + ".");
    }
}

}  // namespace foldback::server::protocol
