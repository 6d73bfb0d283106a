#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config_file.hpp"

namespace foldback::cli {

/// Reads one environment variable; absent and empty are the same.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
[[nodiscard]] Environment process_environment();

/// Where a setting's value came from, from the weakest to the strongest.
enum class Source : std::uint8_t { standard, file, environment, flag };

/// One thing that can be set: by a flag `--name`, by an environment variable and by a key `name` of the file.
struct Setting {
    std::string name;        ///< "long-poll-timeout-ms"
    std::string variable;    ///< "FOLDBACK_LONG_POLL_TIMEOUT_MS"
    std::string group;       ///< heading in help and reference
    std::string value_name;  ///< "BYTES", "MS", …; empty for a switch
    std::string standard;    ///< the default, as text
    std::string meaning;
    Source source = Source::standard;
    std::string source_name;  ///< "--listen", "FOLDBACK_LISTEN", "/etc/foldback/foldback.toml:3"

    [[nodiscard]] bool is_switch() const { return value_name.empty(); }

    std::function<std::string(std::string_view)> assign;  ///< why the value is wrong; empty: assigned
    std::function<std::string()> current;
};

/// Bounds of a number, inclusive.
struct Bounds {
    std::uint64_t least = 0;
    std::uint64_t most = UINT64_MAX;
};

/// A list of settings bound to variables, filled in layers: defaults, file, environment, flags.
///
/// The variables must outlive the list. All `add_…` take the variable's present value for the default.
class Settings {
public:
    /// Later settings belong under this heading.
    void start_group(std::string group) { group_ = std::move(group); }

    void add_text(std::string name, std::string& target, std::string value_name, std::string meaning);
    void add_switch(std::string name, bool& target, std::string meaning);
    void add_count(std::string name, std::size_t& target, Bounds bounds, std::string meaning);
    void add_bytes(std::string name, std::size_t& target, Bounds bounds, std::string meaning);
    void add_milliseconds(std::string name, std::chrono::milliseconds& target, Bounds bounds, std::string meaning);
    void add_fraction(std::string name, double& target, std::string meaning);
    /// One of several words; `add_choice` refuses others with a suggestion.
    void add_choice(std::string name, std::string& target, std::vector<std::string> choices, std::string meaning);

    [[nodiscard]] const std::vector<Setting>& all() const noexcept { return settings_; }
    /// Null when there is none of that name.
    [[nodiscard]] const Setting* find(std::string_view name) const noexcept;

    /// Each throws Failure (usage) that names the place and what is allowed. Apply them in this order.
    void apply(const ConfigFile& file);
    void apply(const Environment& environment);
    void apply_flag(std::string_view name, std::string_view value);

private:
    void add(Setting setting);
    void assign(Setting& setting, std::string_view value, Source source, std::string source_name);

    std::string group_;
    std::vector<Setting> settings_;
};

/// `FOLDBACK_…` variables that were probably meant for a setting but name none, each as a sentence with a suggestion.
/// Others are left alone: scripts around the server have theirs.
[[nodiscard]] std::vector<std::string> unknown_variables(const Settings& settings, const char* const* environment);

}  // namespace foldback::cli
