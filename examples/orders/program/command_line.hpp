#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "app/order_commands.hpp"

/// The command line: `orders serve`, `orders seed` and `orders debug-adapter`.
namespace orders::cli {

/// As those of `foldback`.
enum class ExitCode : int { ok = 0, no = 1, usage = 2, broken = 70, interrupted = 130 };

/// Ends the program with a sentence, and one that says what to do.
class Failure : public std::runtime_error {
public:
    Failure(ExitCode exit_code, const std::string& sentence, std::string what_to_do = {})
        : std::runtime_error(sentence), code(exit_code), remedy(std::move(what_to_do)) {}

    ExitCode code;
    std::string remedy;
};

struct ServeOptions {
    std::string listen = "127.0.0.1:8080";
    std::filesystem::path data = "orders-data";
    std::string store;             ///< URL of the `foldback serve` that has the events; empty: a store in `data`
    std::filesystem::path access;  ///< who may do what; empty: everybody may everything
    Reducer reducer = Reducer::sound;
    std::chrono::milliseconds shutdown_timeout{10'000};
};

struct SeedOptions {
    std::uint64_t orders = 10'000;
    std::uint64_t days = 30;
    std::uint64_t seed = 1;
    std::filesystem::path data = "orders-data";
    std::chrono::sys_seconds until{};  ///< the history ends here
    bool quiet = false;
};

/// Serves until SIGTERM or SIGINT. Throws Failure.
[[nodiscard]] ExitCode serve(const ServeOptions& options);
/// Writes a believable history into a store that has no orders yet. Throws Failure.
[[nodiscard]] ExitCode seed(const SeedOptions& options);

/// Answers the questions of `foldback compare` until standard input ends.
[[nodiscard]] ExitCode adapt_for_comparing(Reducer reducer);

/// Parses, runs, and reports what failed on stderr.
[[nodiscard]] ExitCode run(int argc, const char* const* argv);

/// Where things are in a data directory.
[[nodiscard]] inline std::filesystem::path store_folder(const std::filesystem::path& data) { return data / "store"; }
[[nodiscard]] inline std::filesystem::path read_model_file(const std::filesystem::path& data) {
    return data / "read-models.db";
}

}  // namespace orders::cli
