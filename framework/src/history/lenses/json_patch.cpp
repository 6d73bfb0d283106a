#include "history/lenses/document_fold.hpp"

namespace foldback {

namespace {

using history::Json;

void patch(Json& state, Json message) {
    auto operations = history::content_of(std::move(message));
    if (operations.is_object()) operations = Json::array({std::move(operations)});
    state = state.patch(operations);
}

}  // namespace

Lens json_patch_lens() { return history::document_lens<patch>("json-patch", nullptr); }

}  // namespace foldback
