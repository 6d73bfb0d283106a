#include <deque>
#include <memory>
#include <utility>

#include "log/record.hpp"
#include "remote/wire.hpp"
#include "remote/wire_reading.hpp"

/// Pages: a line of JSON that says how many bytes of what follows each message is.
namespace foldback::remote {
namespace {

[[noreturn]] void throw_damaged() { throw StorageError("the server sent a page whose sizes contradict its length"); }

/// Hands out the bytes behind the line, from front to back.
class Payload {
public:
    Payload(std::string_view body, std::size_t line_end) : rest_(body.substr(line_end + 1)) {}

    std::string_view take(std::size_t size) {
        if (size > rest_.size()) throw_damaged();
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    void expect_end() const {
        if (!rest_.empty()) throw_damaged();
    }

private:
    std::string_view rest_;
};

std::size_t end_of_line(std::string_view body) {
    const auto end = body.find('\n');
    if (end == std::string_view::npos) throw StorageError("the server sent a page without its first line");
    return end;
}

/// A run of the line. Its data is still to be taken, and its messages' sizes to be kept somewhere.
struct DraftRun {
    Run run;
    std::size_t data_bytes = 0;
    std::string sizes;
};

DraftRun read_run(JsonReader& reader) {
    DraftRun draft;
    read_members(reader, [&](std::string_view key) {
        if (key == "offset") {
            draft.run.first.value = reader.integer<std::uint64_t>();
        } else if (key == "position") {
            draft.run.first_position.value = reader.integer<std::uint64_t>();
        } else if (key == "timestamp") {
            draft.run.committed_at = read_time(reader);
        } else if (key == "sizes") {
            read_elements(reader, [&] {
                const auto size = reader.integer<std::uint32_t>();
                log::put_varint(size, draft.sizes);
                draft.data_bytes += size;
                ++draft.run.count;
            });
        } else {
            (void)reader.skip();
        }
    });
    return draft;
}

std::vector<DraftRun> read_page_line(JsonReader& reader, ReadPage& page) {
    std::vector<DraftRun> drafts;
    read_members(reader, [&](std::string_view key) {
        if (key == "content_type") {
            page.content_type = reader.string();
        } else if (key == "incarnation") {
            page.incarnation.value = reader.integer<std::uint64_t>();
        } else if (key == "start") {
            page.start = read_point(reader);
        } else if (key == "next") {
            page.next = read_point(reader);
        } else if (key == "tail") {
            page.tail = read_point(reader);
        } else if (key == "up_to_date") {
            page.up_to_date = reader.boolean();
        } else if (key == "closed") {
            page.closed = reader.boolean();
        } else if (key == "runs") {
            read_elements(reader, [&] { drafts.push_back(read_run(reader)); });
        } else {
            (void)reader.skip();
        }
    });
    return drafts;
}

struct DraftMessage {
    FeedMessage message;
    std::size_t size = 0;
};

DraftMessage read_feed_message(JsonReader& reader, std::deque<std::string>& streams) {
    DraftMessage draft;
    read_members(reader, [&](std::string_view key) {
        if (key == "stream") {
            const auto stream = reader.string();
            if (streams.empty() || streams.back() != stream) streams.emplace_back(stream);
            draft.message.stream = streams.back();
        } else if (key == "offset") {
            draft.message.offset = read_point(reader);
        } else if (key == "position") {
            draft.message.position.value = reader.integer<std::uint64_t>();
        } else if (key == "timestamp") {
            draft.message.committed_at = read_time(reader);
        } else if (key == "json") {
            draft.message.framing = reader.boolean() ? Framing::json : Framing::bytes;
        } else if (key == "size") {
            draft.size = reader.integer<std::size_t>();
        } else {
            (void)reader.skip();
        }
    });
    return draft;
}

}  // namespace

ReadPage read_page(std::string body) {
    ReadPage page;
    const auto kept = std::make_shared<const std::string>(std::move(body));
    const auto line_end = end_of_line(*kept);
    JsonReader reader(std::string_view(*kept).substr(0, line_end));
    auto drafts = read_page_line(reader, page);
    page.framing = framing_of(page.content_type);
    const auto sizes = std::make_shared<std::vector<std::string>>();
    sizes->reserve(drafts.size());
    Payload payload(*kept, line_end);
    for (auto& draft : drafts) {
        if (draft.run.count == 0) throw_damaged();
        if (page.framing == Framing::json) {
            draft.data_bytes += draft.run.count - 1;  // the commas
            draft.run.sizes = sizes->emplace_back(std::move(draft.sizes));
        }
        draft.run.data = payload.take(draft.data_bytes);
        page.runs.push_back(draft.run);
    }
    payload.expect_end();
    page.owners = {kept, sizes};
    return page;
}

FeedPage read_feed_page(std::string body) {
    FeedPage page;
    const auto kept = std::make_shared<const std::string>(std::move(body));
    const auto streams = std::make_shared<std::deque<std::string>>();
    const auto line_end = end_of_line(*kept);
    JsonReader reader(std::string_view(*kept).substr(0, line_end));
    Payload payload(*kept, line_end);
    std::vector<DraftMessage> drafts;
    read_members(reader, [&](std::string_view key) {
        if (key == "next") {
            page.next.value = reader.integer<std::uint64_t>();
        } else if (key == "tail") {
            page.tail.value = reader.integer<std::uint64_t>();
        } else if (key == "up_to_date") {
            page.up_to_date = reader.boolean();
        } else if (key == "messages") {
            read_elements(reader, [&] { drafts.push_back(read_feed_message(reader, *streams)); });
        } else {
            (void)reader.skip();
        }
    });
    page.messages.reserve(drafts.size());
    for (auto& draft : drafts) {
        draft.message.data = payload.take(draft.size);
        page.messages.push_back(draft.message);
    }
    payload.expect_end();
    page.owners = {kept, streams};
    return page;
}

}  // namespace foldback::remote
