#include "protocol/feed_page.hpp"

#include <vector>

#include "protocol/reserved.hpp"

namespace foldback::server::protocol {

void leave_out_hidden(FeedPage& page, const Principal* reader) {
    std::erase_if(page.messages, [](const FeedMessage& message) { return is_reserved(message.stream); });
    if (reader == nullptr) return;
    std::string_view last;  // messages of one stream often come together
    bool may_read_last = false;
    std::erase_if(page.messages, [&](const FeedMessage& message) {
        if (message.stream != last) may_read_last = reader->may(Verb::read, message.stream);
        last = message.stream;
        return !may_read_last;
    });
}

}  // namespace foldback::server::protocol
