#include <cstdint>

#include "history/lenses/document_fold.hpp"

namespace foldback {

namespace {

using history::Json;

void count(Json& state, Json message) {
    const bool has_type = message.is_object() && message.contains("type") && message["type"].is_string();
    auto& counter = state[has_type ? message["type"].get<std::string>() : std::string()];
    counter = counter.is_null() ? 1 : counter.get<std::int64_t>() + 1;
}

}  // namespace

Lens count_by_type_lens() { return history::document_lens<count>("count-by-type", Json::object()); }

}  // namespace foldback
