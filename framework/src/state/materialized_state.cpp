#include "foldback/state/materialized_state.hpp"

namespace foldback::detail {

Result<StreamPoint> read_state_stream(StreamStore& store, const StreamPath& stream, std::optional<StreamPoint>& next,
                                      const std::function<void(std::string_view message)>& apply) {
    while (true) {
        const auto from = next ? ReadFrom{*next} : ReadFrom{FromStart{}};
        const auto page = store.read({.stream = stream, .from = from});
        if (!page) return page.error();
        if (page->framing != Framing::json) throw CorruptEvent(stream.text(), {}, "the stream is not JSON");
        for (const auto& message : *page) {
            try {
                apply(message.data);
            } catch (const JsonError& error) {
                throw CorruptEvent(stream.text(), message.offset, error.what());
            }
            next = StreamPoint{page->next.incarnation, {message.offset.value + 1}};
        }
        next = page->next;
        if (page->up_to_date) return *next;
    }
}

}  // namespace foldback::detail
