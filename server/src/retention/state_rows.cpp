#include "retention/state_rows.hpp"

namespace foldback::server {
namespace {

constexpr std::uint64_t row_overhead = 64;  ///< of a snapshot's message beyond type, key and value

}  // namespace

std::optional<StateMessage> state_message_of(std::string_view text) {
    try {
        return read_state_message(text);
    } catch (const JsonError&) {
        return std::nullopt;
    }
}

bool StateRows::apply(std::string_view text) {
    auto message = state_message_of(text);
    if (!message) return false;
    if (const auto* control = std::get_if<StateControl>(&*message)) {
        if (*control != StateControl::reset) return true;
        rows_.clear();
        bytes_ = 0;
        return true;
    }
    auto& change = std::get<StateChange>(*message);
    const auto names = change.type.size() + change.key.size() + row_overhead;
    std::pair name(std::move(change.type), std::move(change.key));
    if (const auto found = rows_.find(name); found != rows_.end()) {
        bytes_ -= names + found->second.size();
        rows_.erase(found);
    }
    if (change.operation != StateOperation::remove) {
        bytes_ += names + change.value.size();
        rows_.emplace(std::move(name), change.value);
    }
    return true;
}

std::vector<std::string> StateRows::snapshot() const {
    std::vector<std::string> messages{to_text(StateControl::snapshot_start)};
    for (const auto& [name, value] : rows_) {
        // An insert of a row that is there replaces it (STATE-PROTOCOL §6): readers who know it see no change.
        messages.push_back(to_text(StateChange{
            .operation = StateOperation::insert, .type = name.first, .key = name.second, .value = value, .txid = {}}));
    }
    messages.push_back(to_text(StateControl::snapshot_end));
    return messages;
}

}  // namespace foldback::server
