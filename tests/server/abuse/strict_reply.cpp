#include "server/abuse/strict_reply.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace {

[[noreturn]] void fail(const std::string& what) { throw NotStrict(what); }

void require(bool holds, const std::string& what) {
    if (!holds) fail(what);
}

bool is_name_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

bool is_value_byte(char c) { return c >= 0x20 && c < 0x7F; }

std::size_t number(std::string_view text, int base) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    const bool is_plain = error == std::errc{} && end == text.data() + text.size() && !text.empty() &&
                          (text == "0" || text.front() != '0');
    require(is_plain, "a length is not a plain number: " + std::string(text));
    return value;
}

class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    [[nodiscard]] bool empty() const { return left_.empty(); }

    std::string_view take(std::size_t size) {
        require(left_.size() >= size, "a body is shorter than it says");
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }

    std::string_view line() {
        const auto end = left_.find("\r\n");
        require(end != std::string_view::npos, "a line does not end");
        const auto line = take(end);
        take(2);
        require(line.find_first_of("\r\n") == std::string_view::npos, "a bare CR or LF");
        return line;
    }

private:
    std::string_view left_;
};

void read_status_line(std::string_view line, StrictReply& reply) {
    require(line.size() > 13 && line.starts_with("HTTP/1.1 ") && line[12] == ' ',
            "no status line: " + std::string(line));
    reply.status = static_cast<unsigned>(number(line.substr(9, 3), 10));
    require(reply.status >= 100 && reply.status < 600, "no status");
    require(std::ranges::all_of(line, is_value_byte), "a byte in a status line");
}

void read_headers(Reader& reader, StrictReply& reply) {
    std::set<std::string> seen;
    for (auto line = reader.line(); !line.empty(); line = reader.line()) {
        const auto colon = line.find(": ");
        require(colon != std::string_view::npos && colon > 0, "no header: " + std::string(line));
        const std::string name(line.substr(0, colon));
        const auto value = line.substr(colon + 2);
        require(std::ranges::all_of(name, is_name_byte), "no header name: " + name);
        require(std::ranges::all_of(value, is_value_byte), "a byte in the value of " + name);
        require(value.empty() || (value.front() != ' ' && value.back() != ' '), "a blank around the value of " + name);
        require(seen.insert(name).second || name == "vary", name + " occurs twice");
        reply.headers.emplace_back(name, value);
    }
}

std::string read_chunks(Reader& reader) {
    std::string body;
    while (true) {
        const auto size = number(reader.line(), 16);
        body += reader.take(size);
        require(reader.line().empty(), "a chunk does not end where it says");
        if (size == 0) return body;
    }
}

void read_body(Reader& reader, StrictReply& reply, bool to_head) {
    const auto length = reply.header("content-length");
    const auto encoding = reply.header("transfer-encoding");
    const bool is_interim = reply.status < 200;
    require(length.empty() || encoding.empty(), "both a length and a transfer encoding");
    if (is_interim || reply.status == 204) require(length.empty() && encoding.empty(), "a length where no body can be");
    if (is_interim || reply.status == 204 || reply.status == 304 || to_head) return;
    if (!encoding.empty()) {
        require(encoding == "chunked", "an unknown transfer encoding");
        reply.body = read_chunks(reader);
        return;
    }
    require(!length.empty(), "neither a length nor a transfer encoding");
    reply.body = reader.take(number(length, 10));
}

}  // namespace

std::string StrictReply::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

std::vector<StrictReply> parse_strictly(std::string_view bytes, const std::vector<std::size_t>& heads) {
    Reader reader(bytes);
    std::vector<StrictReply> replies;
    std::size_t answered = 0;
    while (!reader.empty()) {
        require(replies.empty() || replies.back().header("connection") != "close", "bytes after the last reply");
        StrictReply reply;
        read_status_line(reader.line(), reply);
        read_headers(reader, reply);
        const bool is_interim = reply.status < 200;
        require(is_interim || reply.header("date").size() == 29, "no date");
        read_body(reader, reply, std::ranges::find(heads, answered) != heads.end());
        if (!is_interim) ++answered;
        replies.push_back(std::move(reply));
    }
    return replies;
}
