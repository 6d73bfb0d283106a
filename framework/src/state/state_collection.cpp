#include "foldback/state/state_collection.hpp"

#include <stdexcept>

namespace foldback::detail {
namespace {

void count_change(ReadModel& model, std::string_view stream) {
    model.execute("UPDATE foldback_state_streams SET last_change = last_change + 1 WHERE stream = ?", {stream});
}

/// Nothing changed: because there was nothing to change, or because nobody publishes.
void check_published(ReadModel& model, std::string_view stream) {
    if (model.value<int>("SELECT 1 FROM foldback_state_streams WHERE stream = ?", {stream})) return;
    throw std::logic_error("no projection of this database publishes to " + std::string(stream) +
                           ": set ProjectionDefinition::state_stream");
}

}  // namespace

void put_state_row(ReadModel& model, std::string_view stream, std::string_view type, std::string_view key,
                   std::string_view value) {
    if (key.empty()) throw std::invalid_argument("a row of a State stream has a key");
    const auto changed = model.execute(
        "INSERT INTO foldback_state_rows (stream, type, key, value, change, published) "
        "SELECT stream, ?2, ?3, ?4, last_change + 1, 0 FROM foldback_state_streams WHERE stream = ?1 "
        "ON CONFLICT (stream, type, key) DO UPDATE SET value = excluded.value, change = excluded.change, "
        "published = published OR change <= (SELECT s.published FROM foldback_state_streams s WHERE s.stream = ?1) "
        "WHERE value IS NOT excluded.value",
        {stream, type, key, value});
    changed == 1 ? count_change(model, stream) : check_published(model, stream);
}

bool remove_state_row(ReadModel& model, std::string_view stream, std::string_view type, std::string_view key) {
    const auto changed = model.execute(
        "UPDATE foldback_state_rows SET value = NULL, "
        "published = published OR change <= (SELECT published FROM foldback_state_streams WHERE stream = ?1), "
        "change = (SELECT last_change + 1 FROM foldback_state_streams WHERE stream = ?1) "
        "WHERE stream = ?1 AND type = ?2 AND key = ?3 AND value IS NOT NULL",
        {stream, type, key});
    changed == 1 ? count_change(model, stream) : check_published(model, stream);
    return changed == 1;
}

std::optional<std::string> find_state_row(ReadModel& model, std::string_view stream, std::string_view type,
                                          std::string_view key) {
    return model.value<std::string>("SELECT value FROM foldback_state_rows WHERE stream = ? AND type = ? AND key = ?",
                                    {stream, type, key});
}

}  // namespace foldback::detail
