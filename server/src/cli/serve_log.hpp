#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace foldback::cli {

enum class LogLevel : std::uint8_t { debug, info, warn, error };

/// The level of a name that `--log-level` takes.
[[nodiscard]] LogLevel level_named(std::string_view name);

/// The log of the server, on standard error or in a file: a line of text, or a JSON document with `ts`, `level`, `msg` and the
/// fields. May be used from any thread. Never given payloads or credentials.
class ServeLog {
public:
    using Field = std::pair<std::string_view, std::variant<std::string, std::uint64_t, double>>;

    /// `file`: appended to, created when it is missing; empty: standard error. Throws Failure when it cannot be opened.
    ServeLog(LogLevel least, bool json, std::string file = {});
    ~ServeLog();
    ServeLog(const ServeLog&) = delete;
    ServeLog& operator=(const ServeLog&) = delete;

    [[nodiscard]] bool json() const noexcept { return json_; }

    void set_level(LogLevel least);
    [[nodiscard]] bool writes(LogLevel level) const;
    /// Goes on in a new file of the same name, after somebody moved the old one away. A file that cannot be opened is
    /// said in the old one.
    void reopen();

    void write(LogLevel level, std::string_view message, const std::vector<Field>& fields = {});

private:
    struct Sink;
    std::unique_ptr<Sink> sink_;
    bool json_;
};

}  // namespace foldback::cli
