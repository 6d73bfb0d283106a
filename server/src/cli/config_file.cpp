#include "cli/config_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "cli/failure.hpp"
#include "cli/trimmed.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t max_config_bytes = 1 << 20;

class Line {
public:
    Line(std::string_view text, const std::string& file, std::size_t number)
        : text_(trimmed(text)), file_(file), number_(number) {}

    [[nodiscard]] bool is_blank() const { return text_.empty() || text_.front() == '#'; }
    [[nodiscard]] bool is_section() const { return text_.front() == '['; }

    void expect_serve_section() const {
        const auto name = trimmed(without_comment(text_));
        if (name != "[serve]") fail("there is no section " + std::string(name) + "; the only one is [serve]");
    }

    [[nodiscard]] ConfigEntry entry() const {
        const auto equals = text_.find('=');
        if (equals == std::string_view::npos) fail("expected key = value");
        std::string key(trimmed(text_.substr(0, equals)));
        if (key.size() > 1 && key.front() == '"' && key.back() == '"') key = key.substr(1, key.size() - 2);
        if (key.empty()) fail("expected a key before =");
        std::replace(key.begin(), key.end(), '_', '-');
        return {std::move(key), value(trimmed(text_.substr(equals + 1))), number_};
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw Failure(ExitCode::usage, file_ + ":" + std::to_string(number_) + ": " + what);
    }

    [[nodiscard]] static std::string_view without_comment(std::string_view text) {
        return text.substr(0, text.find('#'));
    }

    [[nodiscard]] std::string value(std::string_view text) const {
        if (text.empty()) fail("expected a value after =");
        if (text.front() == '"' || text.front() == '\'') return quoted(text);
        const auto bare = trimmed(without_comment(text));
        if (bare.empty()) fail("expected a value after =");
        if (bare.front() == '[' || bare.front() == '{') fail("lists and tables are not values of any key");
        const bool is_number = bare.find_first_not_of("0123456789_") == std::string_view::npos && bare.front() != '_';
        std::string result(bare);
        if (is_number) std::erase(result, '_');
        return result;
    }

    [[nodiscard]] std::string quoted(std::string_view text) const {
        const char quote = text.front();
        std::string result;
        std::size_t at = 1;
        for (; at < text.size() && text[at] != quote; ++at) {
            if (quote == '"' && text[at] == '\\') {
                if (++at == text.size()) break;
                if (text[at] != '"' && text[at] != '\\') fail("the only escapes are \\\" and \\\\");
            }
            result += text[at];
        }
        if (at >= text.size()) fail("the closing quote is missing");
        const auto rest = trimmed(text.substr(at + 1));
        if (!rest.empty() && rest.front() != '#') fail("unexpected text after the closing quote");
        return result;
    }

    std::string_view text_;
    const std::string& file_;
    std::size_t number_;
};

}  // namespace

ConfigFile parse_config(std::string_view text, std::string name) {
    ConfigFile file{.name = std::move(name), .entries = {}};
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const Line line(text.substr(0, end), file.name, ++number);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.is_blank()) continue;
        if (line.is_section()) {
            line.expect_serve_section();
            continue;
        }
        auto entry = line.entry();
        for (const auto& earlier : file.entries) {
            if (earlier.key != entry.key) continue;
            throw Failure(ExitCode::usage, file.name + ":" + std::to_string(number) + ": " + entry.key +
                                               " was set before, in line " + std::to_string(earlier.line));
        }
        file.entries.push_back(std::move(entry));
    }
    return file;
}

std::string read_settings_text(const std::filesystem::path& path) {
    std::ifstream input(path, std::ios::binary);
    if (!input || std::filesystem::is_directory(path)) {
        throw Failure(ExitCode::not_found, "cannot read the configuration file " + path.string() + ": " +
                                               (input ? "it is a directory" : std::strerror(errno)));
    }
    std::string text(max_config_bytes + 1, '\0');
    input.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (input.bad()) {
        throw Failure(ExitCode::not_found,
                      "cannot read the configuration file " + path.string() + ": " + std::strerror(errno));
    }
    text.resize(static_cast<std::size_t>(input.gcount()));
    if (text.size() > max_config_bytes) {
        throw Failure(ExitCode::usage, path.string() + " is larger than 1 MiB: that is no configuration file");
    }
    return text;
}

ConfigFile read_config(const std::filesystem::path& path) {
    return parse_config(read_settings_text(path), path.string());
}

}  // namespace foldback::cli
