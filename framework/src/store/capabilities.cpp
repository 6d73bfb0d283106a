#include "foldback/store/capabilities.hpp"

#include <array>

#include "foldback/store/stream_store.hpp"

namespace foldback {
namespace {

constexpr std::array all_capabilities{Capability::store_order, Capability::append_all, Capability::backward_read,
                                      Capability::list,        Capability::truncate,   Capability::forks,
                                      Capability::stream_seq,  Capability::exact_json, Capability::incarnations,
                                      Capability::commit_times};

}  // namespace

std::string_view name_of(Capability capability) noexcept {
    switch (capability) {
        case Capability::store_order: return "store_order";
        case Capability::append_all: return "append_all";
        case Capability::backward_read: return "backward_read";
        case Capability::list: return "list";
        case Capability::truncate: return "truncate";
        case Capability::forks: return "forks";
        case Capability::stream_seq: return "stream_seq";
        case Capability::exact_json: return "exact_json";
        case Capability::incarnations: return "incarnations";
        case Capability::commit_times: return "commit_times";
    }
    return "unknown";
}

std::string Capabilities::text() const {
    std::string names;
    for (const auto one : all_capabilities) {
        if (has(one)) names.append(names.empty() ? "" : ", ").append(name_of(one));
    }
    return names;
}

MissingCapability::MissingCapability(std::string_view who, Capabilities what_is_missing)
    : std::logic_error(std::string(who) + " cannot work with this store: it lacks " + what_is_missing.text()),
      missing(what_is_missing) {}

void require(const StreamStore& store, Capabilities needed, std::string_view who) {
    const auto missing = needed.missing_in(store.capabilities());
    if (!missing.empty()) throw MissingCapability(who, missing);
}

}  // namespace foldback
