#include "foldback/app/event_reader.hpp"

namespace foldback::detail {

void throw_not_json(std::string_view stream, Offset offset) {
    throw CorruptEvent(stream, offset, "the stream holds bytes, not JSON: there are no events in it");
}

}  // namespace foldback::detail
