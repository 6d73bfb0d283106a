#pragma once

#include <string>
#include <vector>

namespace foldback::cli {

/// The commands and flags as data: what completion and the reference are written from.
struct FlagDescription {
    std::string long_name;   ///< "--listen"
    std::string short_name;  ///< "-f", or empty
    std::string value_name;  ///< "MS", "sse|long-poll", "FILE", "DIR"; empty for a switch
    std::string standard;    ///< the default; may be empty
    std::string meaning;
    std::string group;
    std::string variable;  ///< the environment variable; may be empty

    /// The words between the bars of `value_name`; empty when it is not a choice.
    [[nodiscard]] std::vector<std::string> choices() const;
};

struct PositionalDescription {
    std::string name;
    std::string meaning;
    std::vector<std::string> choices;
};

struct CommandDescription {
    std::string name;
    std::vector<std::string> aliases;
    std::string meaning;
    std::string group;  ///< empty: hidden
    std::vector<FlagDescription> flags;
    std::vector<PositionalDescription> positionals;
    std::vector<CommandDescription> commands;
};

}  // namespace foldback::cli
