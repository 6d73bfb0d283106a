#include "program/command_line.hpp"

#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "foldback/version.hpp"

namespace orders::cli {
namespace {

using std::chrono::system_clock;

void report(const std::string& what, const std::string& remedy = {}) {
    std::fprintf(stderr, "orders: %s\n", what.c_str());
    if (!remedy.empty()) std::fprintf(stderr, "%s\n", remedy.c_str());
}

/// Seconds since 1970 of a day such as 2026-11-23, at midnight UTC.
std::chrono::sys_seconds midnight_of(const std::string& day) {
    int year = 0;
    unsigned month = 0;
    unsigned number = 0;
    char rest = 0;
    if (std::sscanf(day.c_str(), "%4d-%2u-%2u%c", &year, &month, &number, &rest) != 3) {
        throw Failure(ExitCode::usage, "--until " + day + " is no day", "Write it so: --until 2026-11-23");
    }
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(number)};
    if (!date.ok()) throw Failure(ExitCode::usage, "--until " + day + ": there is no such day");
    return std::chrono::sys_days(date);
}

ExitCode parse_and_run(CLI::App& app, int argc, const char* const* argv) {
    ServeOptions serving;
    SeedOptions seeding;
    bool with_bug = false;
    std::string until;

    auto* const serve_command = app.add_subcommand("serve", "Serve the shop: page, API and streams on one address");
    serve_command->add_option("--listen", serving.listen, "Address and port; port 0 lets the system choose")
        ->capture_default_str();
    serve_command->add_option("--data", serving.data, "Where the events and the read models are")
        ->capture_default_str();
    serve_command->add_option("--store", serving.store,
                              "URL of a `foldback serve` that keeps the events; without it they are in --data");
    serve_command->add_option("--access", serving.access, "Access file: then customers read their own orders only");
    serve_command->add_flag("--with-bug", with_bug, "Fold orders with a planted fault, to be found with the debugger");

    auto* const adapter_command = app.add_subcommand(
        "debug-adapter",
        "Fold streams for `foldback compare`: questions on standard input, answers on standard output");
    adapter_command->add_flag("--with-bug", with_bug, "Fold orders with the planted fault");

    auto* const seed_command = app.add_subcommand("seed", "Write a believable history into an empty data directory");
    seed_command->add_option("--orders", seeding.orders, "How many")
        ->capture_default_str()
        ->check(CLI::Range(1, 10'000'000));
    seed_command->add_option("--days", seeding.days, "Over how many days")
        ->capture_default_str()
        ->check(CLI::Range(1, 3'650));
    seed_command->add_option("--seed", seeding.seed, "The same seed and day make the same history")
        ->capture_default_str();
    seed_command->add_option("--until", until, "The day it ends, at midnight UTC; without it, it ends now");
    seed_command->add_option("--data", seeding.data, "Where the events go")->capture_default_str();
    seed_command->add_flag("--quiet", seeding.quiet, "No progress");

    app.set_version_flag("--version", std::string("orders ") + std::string(foldback::version()));
    app.require_subcommand(1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == 0;
        (void)app.exit(error);
        return asked ? ExitCode::ok : ExitCode::usage;
    }
    const auto reducer = with_bug ? Reducer::faulty : Reducer::sound;
    if (adapter_command->parsed()) return adapt_for_comparing(reducer);
    if (serve_command->parsed()) {
        serving.reducer = reducer;
        return serve(serving);
    }
    seeding.until = until.empty() ? std::chrono::floor<std::chrono::seconds>(system_clock::now()) : midnight_of(until);
    return seed(seeding);
}

}  // namespace

ExitCode run(int argc, const char* const* argv) {
    CLI::App app("The example service of Foldback: a shop's orders and stock, as events.", "orders");
    try {
        return parse_and_run(app, argc, argv);
    } catch (const Failure& failure) {
        report(failure.what(), failure.remedy);
        return failure.code;
    } catch (const std::exception& error) {
        report(error.what());
        return ExitCode::no;
    }
}

}  // namespace orders::cli
