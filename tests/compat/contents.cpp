#include "compat/contents.hpp"

#include <sstream>

namespace compat {
namespace {

using namespace foldback;

std::ostream& operator<<(std::ostream& out, StreamPoint point) {
    return out << point.incarnation.value << '_' << point.offset.value;
}

std::int64_t milliseconds(Timestamp time) { return time.time_since_epoch().count(); }

void describe(std::ostream& out, const StreamInfo& info) {
    out << "stream " << info.stream.text() << " type=" << info.config.content_type << " tail=" << info.tail
        << " first=" << info.first.value << " created=" << milliseconds(info.created_at);
    if (info.config.ttl) out << " ttl=" << info.config.ttl->count();
    if (info.config.expires_at) out << " expires=" << milliseconds(*info.config.expires_at);
    if (info.closed) out << " closed";
    if (info.forked_from) out << " forked-from=" << info.forked_from->text() << " at=" << *info.fork_point;
    out << '\n';
}

void list_messages(std::ostream& out, LogStore& store, const StreamInfo& info) {
    for (ReadFrom from = info.first;;) {
        const auto page = store.read({.stream = info.stream, .from = from, .renews_ttl = false}).value();
        for (const auto& message : page) {
            out << "  " << message.offset.value << " at " << message.position.value << ' '
                << milliseconds(message.committed_at) << ' ' << message.data << '\n';
        }
        if (page.up_to_date) return;
        from = page.next;
    }
}

void list_feed(std::ostream& out, LogStore& store) {
    out << "feed up to " << store.tail().value << '\n';
    for (Position from;;) {
        const auto page = store.read_feed({.from = from});
        for (const auto& message : page.messages) {
            out << "  " << message.position.value << ' ' << message.stream << ' ' << message.offset << '\n';
        }
        if (page.up_to_date) return;
        from = page.next;
    }
}

}  // namespace

std::string contents_of(LogStore& store) {
    std::ostringstream out;
    const auto list = store.list({.limit = 100'000});
    for (const auto& info : list.streams) {
        describe(out, info);
        list_messages(out, store, info);
    }
    list_feed(out, store);
    return out.str();
}

LogStoreOptions options() {
    static const ManualClock clock;
    return {.segment_bytes = 16 << 10, .clock = &clock, .background_threads = false};
}

}  // namespace compat
