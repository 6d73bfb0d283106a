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

/// The log of the server, on standard error: a line of text, or a JSON document with `ts`, `level`, `msg` and the
/// fields. May be used from any thread. Never given payloads or credentials.
class ServeLog {
public:
    using Field = std::pair<std::string_view, std::variant<std::string, std::uint64_t>>;

    ServeLog(LogLevel least, bool json);
    ~ServeLog();
    ServeLog(const ServeLog&) = delete;
    ServeLog& operator=(const ServeLog&) = delete;

    [[nodiscard]] bool json() const noexcept { return json_; }

    void write(LogLevel level, std::string_view message, const std::vector<Field>& fields = {});

private:
    struct Sink;
    std::unique_ptr<Sink> sink_;
    bool json_;
};

}  // namespace foldback::cli
