#include "access/grants.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "access/strict_json.hpp"
#include "foldback/store/types.hpp"

namespace foldback::server::access {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 9> verb_names{"read", "append",    "create",  "close", "delete",
                                                     "fork", "subscribe", "webhook", "admin"};
constexpr std::size_t max_grants = 1000;
constexpr std::string_view subject_mark = "{sub}";

Verbs parse_verbs(const Json& list, const std::string& place) {
    if (!list.is_array()) throw AccessError(place + ": must be a list of verbs");
    Verbs verbs;
    for (const auto& name : list) {
        const auto verb = name.is_string() ? verb_named(name.get_ref<const std::string&>()) : std::nullopt;
        if (!verb) {
            throw AccessError(place + ": " + name.dump() +
                              " is no verb; there are read, append, create, close, delete, fork, subscribe, webhook "
                              "and admin");
        }
        verbs.set(static_cast<std::size_t>(*verb));
    }
    return verbs;
}

PathGlob parse_path(const Json& grant, const std::string& place, const std::string* subject) {
    auto text = text_member(grant, "path", place);
    for (auto at = text.find(subject_mark); at != std::string::npos; at = text.find(subject_mark, at)) {
        if (subject == nullptr) throw AccessError(place + ".path: {sub} has a meaning in the grants of JWTs only");
        text.replace(at, subject_mark.size(), *subject);
        at += subject->size();
    }
    try {
        return PathGlob(text);
    } catch (const std::invalid_argument& error) {
        throw AccessError(place + ".path: " + error.what());
    }
}

}  // namespace

std::string_view name_of(Verb verb) noexcept { return verb_names[static_cast<std::size_t>(verb)]; }

std::optional<Verb> verb_named(std::string_view name) noexcept {
    const auto found = std::find(verb_names.begin(), verb_names.end(), name);
    if (found == verb_names.end()) return std::nullopt;
    return static_cast<Verb>(found - verb_names.begin());
}

bool Grants::allow(Verb verb, std::string_view path) const noexcept {
    const auto number = static_cast<std::size_t>(verb);
    const bool is_about_server = verb == Verb::admin;
    bool allowed = false;
    for (const auto& grant : grants_) {
        if (!grant.allowed[number] && !grant.denied[number]) continue;
        if (is_about_server) {
            if (grant.denied[number]) return false;
            allowed |= grant.path.text() == "**";
        } else if (grant.path.matches(path)) {
            if (grant.denied[number]) return false;
            allowed = true;
        }
    }
    return allowed;
}

std::vector<std::string> Grants::prefixes(Verb verb) const {
    std::vector<std::string> all;
    for (const auto& grant : grants_) {
        if (grant.allowed[static_cast<std::size_t>(verb)]) all.push_back(grant.path.literal_prefix());
    }
    std::sort(all.begin(), all.end());
    std::vector<std::string> needed;
    for (auto& prefix : all) {
        if (needed.empty() || !prefix.starts_with(needed.back())) needed.push_back(std::move(prefix));
    }
    return needed;
}

void Grants::add(const Grants& others) { grants_.insert(grants_.end(), others.grants_.begin(), others.grants_.end()); }

Grants parse_grants(const Json& list, const std::string& place, const std::string* subject) {
    if (!list.is_array()) throw AccessError(place + ": must be a list of grants");
    if (list.size() > max_grants) throw AccessError(place + ": must be at most 1,000 grants");
    std::vector<Grant> grants;
    for (std::size_t i = 0; i != list.size(); ++i) {
        const auto here = place + "[" + std::to_string(i) + "]";
        const auto& grant = list[i];
        require_members(grant, {"path", "verbs", "deny"}, here);
        if (!grant.contains("verbs") && !grant.contains("deny")) {
            throw AccessError(here + ": needs \"verbs\" or \"deny\"");
        }
        grants.push_back({.path = parse_path(grant, here, subject),
                          .allowed = parse_verbs(grant.value("verbs", Json::array()), here + ".verbs"),
                          .denied = parse_verbs(grant.value("deny", Json::array()), here + ".deny")});
    }
    return Grants(std::move(grants));
}

bool is_plain_segment(std::string_view text) {
    return StreamPath::problem_with(text).empty() && text.find_first_of("/*{}") == std::string_view::npos;
}

}  // namespace foldback::server::access
