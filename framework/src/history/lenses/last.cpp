#include "history/lenses/document_fold.hpp"

namespace foldback {

namespace {
void take_last(history::Json& state, history::Json message) { state = std::move(message); }
}  // namespace

Lens last_lens() { return history::document_lens<take_last>("last", nullptr); }

}  // namespace foldback
