#include "history/lenses/document_fold.hpp"

namespace foldback {

namespace {
void merge(history::Json& state, history::Json message) { state.merge_patch(history::content_of(std::move(message))); }
}  // namespace

Lens merge_lens() { return history::document_lens<merge>("merge", nullptr); }

}  // namespace foldback
