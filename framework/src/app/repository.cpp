#include "foldback/app/repository.hpp"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace foldback {

namespace detail {

void throw_beyond_tail(const StreamPath& stream, Offset offset, StreamPoint tail) {
    throw RefusedError({.reason = Refusal::bad_offset,
                        .detail = stream.text() + " ends at offset " + std::to_string(tail.offset.value) +
                                  ", before offset " + std::to_string(offset.value),
                        .tail = tail});
}

}  // namespace detail

std::string random_id() {
    thread_local boost::uuids::random_generator generate;
    return boost::uuids::to_string(generate());
}

}  // namespace foldback
