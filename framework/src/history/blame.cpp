#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "foldback/history/any_timeline.hpp"
#include "foldback/history/identity.hpp"
#include "foldback/history/json.hpp"
#include "history/engine.hpp"
#include "history/json_document.hpp"
#include "history/stored_event.hpp"

namespace foldback {

namespace {

using history::Json;

/// Which event last changed what, by path. What is gone may stay in it: it is set anew if it comes again.
class Ledger {
public:
    explicit Ledger(const std::vector<IdentityField>& identity) : identities_(identity) {}

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
    using Keys = std::map<std::string, std::size_t>;

    [[nodiscard]] static bool is_branch(const Json& value) { return value.is_structured() && !value.empty(); }

    /// The keys of the array here, if its elements have some.
    [[nodiscard]] Keys keys_of(const Json* array) const {
        const auto* member = array != nullptr && array->is_array() ? identities_.member_at(segments_) : nullptr;
        return member == nullptr ? Keys{} : elements_by_key(*array, *member);
    }

    /// Calls `visit(child, name)`: the name is the key of a member or of an identified element, else null.
    template <class Visit>
    void visit_children(const Json& value, const Keys& keys, Visit&& visit) {
        std::vector<const std::string*> names(value.size(), nullptr);
        for (const auto& [key, index] : keys) names[index] = &key;
        std::size_t index = 0;
        for (auto child = value.begin(); child != value.end(); ++child, ++index) {
            const auto segment = value.is_object() ? child.key() : std::to_string(index);
            const auto* name = value.is_object() ? &segment : names[index];
            const auto pointer_length = pointer_.size();
            const auto path_length = path_.size();
            pointer_ += "/" + escaped_segment(segment);
            path_ += "/" + (names[index] != nullptr ? key_segment(*names[index]) : escaped_segment(segment));
            segments_.push_back(segment);
            visit(*child, name, index);
            segments_.pop_back();
            path_.resize(path_length);
            pointer_.resize(pointer_length);
        }
    }

    void compare(const Json* before, const Json& after) {
        if (!is_branch(after)) {
            if (before == nullptr || *before != after) last_[path_] = event_;
            return;
        }
        if (before != nullptr && *before == after) return;
        const auto keys = keys_of(&after);
        const auto old_keys = keys.empty() ? Keys{} : keys_of(before);
        const bool alike = before != nullptr && before->type() == after.type();
        visit_children(after, keys, [&](const Json& child, const std::string* name, std::size_t index) {
            const Json* old = nullptr;
            if (alike && after.is_object()) {
                if (const auto found = before->find(*name); found != before->end()) old = &*found;
            } else if (alike && name != nullptr) {
                if (const auto found = old_keys.find(*name); found != old_keys.end()) old = &(*before)[found->second];
            } else if (alike && index < before->size()) {
                old = &(*before)[index];
            }
            compare(old, child);
        });
    }

    void collect(const Json& value, std::vector<Blame>& blames) {
        if (is_branch(value)) {
            visit_children(value, keys_of(&value),
                           [&](const Json& child, const std::string*, std::size_t) { collect(child, blames); });
            return;
        }
        const auto found = last_.find(path_);
        blames.push_back({.pointer = pointer_,
                          .path = path_,
                          .value = history::to_text(value),
                          .event = found == last_.end() ? std::nullopt : std::optional(found->second)});
    }

    Identities identities_;
    std::string pointer_;
    std::string path_;
    std::vector<std::string> segments_;
    Offset event_;
    std::unordered_map<std::string, Offset> last_;
};

}  // namespace

std::vector<Blame> AnyTimeline::blame(Offset moment) {
    engine_->check_moment(moment);
    engine_->seek(first());
    engine_->read_ahead_to(moment);
    Ledger ledger(lens().identity);
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
