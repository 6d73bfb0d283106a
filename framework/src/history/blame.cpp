#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "foldback/history/any_timeline.hpp"
#include "history/engine.hpp"
#include "history/json_document.hpp"
#include "history/stored_event.hpp"

namespace foldback {

namespace {

using history::Json;

/// Which event last changed what, by JSON Pointer. What is gone may stay in it: it is set anew if it comes again.
class Ledger {
public:
    /// What `event` made of `before`.
    void enter(const Json& before, const Json& after, Offset event) {
        event_ = event;
        compare(&before, after);
    }

    [[nodiscard]] std::vector<Blame> of(const Json& state) {
        std::vector<Blame> blames;
        collect(state, blames);
        return blames;
    }

private:
    [[nodiscard]] static bool is_branch(const Json& value) { return value.is_structured() && !value.empty(); }

    template <class Visit>
    void visit_children(const Json& value, Visit&& visit) {
        const auto length = pointer_.size();
        std::size_t index = 0;
        for (auto child = value.begin(); child != value.end(); ++child, ++index) {
            history::append_pointer(pointer_, value.is_object() ? child.key() : std::to_string(index));
            visit(child, index);
            pointer_.resize(length);
        }
    }

    void compare(const Json* before, const Json& after) {
        if (!is_branch(after)) {
            if (before == nullptr || *before != after) last_[pointer_] = event_;
            return;
        }
        const bool alike = before != nullptr && before->type() == after.type();
        visit_children(after, [&](const Json::const_iterator& child, std::size_t index) {
            const Json* old = nullptr;
            if (alike && after.is_object()) {
                const auto found = before->find(child.key());
                if (found != before->end()) old = &*found;
            } else if (alike && index < before->size()) {
                old = &(*before)[index];
            }
            compare(old, *child);
        });
    }

    void collect(const Json& value, std::vector<Blame>& blames) {
        if (is_branch(value)) {
            visit_children(value, [&](const Json::const_iterator& child, std::size_t) { collect(*child, blames); });
            return;
        }
        const auto found = last_.find(pointer_);
        blames.push_back({.pointer = pointer_,
                          .value = history::to_text(value),
                          .event = found == last_.end() ? std::nullopt : std::optional(found->second)});
    }

    std::string pointer_;
    Offset event_;
    std::unordered_map<std::string, Offset> last_;
};

}  // namespace

std::vector<Blame> AnyTimeline::blame(Offset moment) {
    engine_->check_moment(moment);
    engine_->seek(first());
    engine_->read_ahead_to(moment);
    Ledger ledger;
    std::string text = engine_->state();
    std::string next;
    Json before = history::parse_json(text);
    while (engine_->at() < moment) {
        const Offset event = engine_->at();
        (void)engine_->step();
        next.clear();
        engine_->fold().write_state(next);
        if (next == text) continue;
        std::swap(text, next);
        auto after = history::parse_json(text);
        ledger.enter(before, after, event);
        before = std::move(after);
    }
    auto blames = ledger.of(before);
    for (auto& blame : blames) {
        if (!blame.event) continue;
        std::string storage;
        blame.type = history::type_of(engine_->message(*blame.event).data, storage);
    }
    return blames;
}

}  // namespace foldback
