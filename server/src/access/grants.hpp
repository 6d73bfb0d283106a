#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "foldback/server/principal.hpp"
#include "protocol/path_glob.hpp"

namespace foldback::server::access {

/// The verbs' names, in the order of Verb.
[[nodiscard]] std::string_view name_of(Verb verb) noexcept;
[[nodiscard]] std::optional<Verb> verb_named(std::string_view name) noexcept;

/// A set of verbs, by their number.
using Verbs = std::bitset<9>;

/// What is allowed and what is denied on the paths of a pattern.
struct Grant {
    PathGlob path;
    Verbs allowed;
    Verbs denied;
};

/// All that one principal may do: what some grant allows and none denies. Nothing else.
class Grants {
public:
    Grants() = default;
    explicit Grants(std::vector<Grant> grants) : grants_(std::move(grants)) {}

    /// `admin` is about the server, so it counts only in a grant whose pattern is `**`; the path does not matter then.
    [[nodiscard]] bool allow(Verb verb, std::string_view path) const noexcept;

    /// As Principal::prefixes.
    [[nodiscard]] std::vector<std::string> prefixes(Verb verb) const;

    void add(const Grants& others);

private:
    std::vector<Grant> grants_;
};

/// Reads `[{"path":"orders/**","verbs":["read"],"deny":["delete"]}, …]`, at most 1,000 of them. `{sub}` in a path
/// stands for `subject`; without one it is refused. Throws AccessError that says where, from `place` on.
[[nodiscard]] Grants parse_grants(const nlohmann::json& list, const std::string& place,
                                  const std::string* subject = nullptr);

/// Whether a subject can stand for `{sub}`: one segment, without wildcards.
[[nodiscard]] bool is_plain_segment(std::string_view text);

}  // namespace foldback::server::access
