#include <filesystem>

#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/data_directory.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

std::string counted(std::uint64_t count, std::string_view singular, std::string_view plural) {
    return fmt::format("{} {}", format_count(count), count == 1 ? singular : plural);
}

void print_verified(const VerifyReport& report, const std::string& directory, Output& output) {
    if (output.json()) {
        return output.line(json_line(Document{{"sound", report.sound()},
                                              {"segments", report.segments},
                                              {"commits", report.commits},
                                              {"records", report.records},
                                              {"messages", report.messages},
                                              {"bytes", report.bytes},
                                              {"torn_bytes", report.torn_bytes},
                                              {"damage", report.damage}}));
    }
    if (!output.quiet()) {
        output.line(fmt::format("{} · {} · {} · {} · {}", directory, counted(report.segments, "segment", "segments"),
                                counted(report.commits, "commit", "commits"),
                                counted(report.messages, "message", "messages"), format_bytes(report.bytes)));
        if (report.torn_bytes > 0) {
            output.line(
                fmt::format("{} after the last whole commit were never acknowledged; the next opening cuts them",
                            format_bytes(report.torn_bytes)));
        }
    }
    for (const auto& damage : report.damage) output.line("damaged: " + damage);
    if (report.sound() && !output.quiet()) output.line("sound");
}

void add(Table& table, const std::string& name, const std::string& value) { table.add({name, value}); }

}  // namespace

ExitCode run(const VerifyCommand&, Session session) {
    const auto& directory = session.common.data;
    require_store(directory);
    ProgressDisplay progress(session.output, "verifying", ProgressUnit::bytes, session.common.progress);
    VerifyReport report;
    try {
        report = verify_store(directory, [&](const Progress& done) {
            throw_if_interrupted();
            progress.update(done.done_bytes, done.total_bytes);
        });
    } catch (const StorageError& error) {
        throw failure_of(error, directory);
    }
    progress.clear();
    print_verified(report, directory, session.output);
    session.output.flush();
    if (report.sound()) return ExitCode::ok;
    session.output.note(
        fmt::format("Keep what lies before the first damage: foldback salvage --data {}", shell_word(directory)));
    return ExitCode::no;
}

ExitCode run(const SalvageCommand&, Session session) {
    const auto& directory = session.common.data;
    require_store(directory);
    SalvageReport report;
    try {
        report = salvage_store(directory);
    } catch (const StorageError& error) {
        throw failure_of(error, directory);
    }
    auto& output = session.output;
    if (output.json()) {
        output.line(json_line(Document{{"kept_commits", report.kept_commits},
                                       {"quarantined_bytes", report.quarantined_bytes},
                                       {"actions", report.actions}}));
        return ExitCode::ok;
    }
    if (output.quiet()) return ExitCode::ok;
    for (const auto& action : report.actions) output.line(action);
    if (report.actions.empty()) {
        output.line("the store is sound: nothing was done");
    } else {
        output.line(fmt::format("kept {}, put {} aside", counted(report.kept_commits, "commit", "commits"),
                                format_bytes(report.quarantined_bytes)));
    }
    return ExitCode::ok;
}

ExitCode run(const ScavengeCommand& command, Session session) {
    LogStoreOptions options;
    options.background_threads = false;
    options.rewrite_dead_fraction = command.dead_fraction;
    const auto store = open_store(session.common.data, options);
    const auto before = store->stats();
    ProgressDisplay progress(session.output, "giving back", ProgressUnit::bytes, session.common.progress);
    // The index says which segments have deleted data; only what it covers is rewritten.
    for (bool worked = true; worked;) {
        throw_if_interrupted();
        worked = store->run_one(LogStore::Work::checkpoint);
        worked = store->run_one(LogStore::Work::rewrite) || worked;
        progress.update(store->stats().reclaimed_bytes, before.dead_bytes);
    }
    progress.clear();
    const auto after = store->stats();
    auto& output = session.output;
    if (output.json()) {
        output.line(json_line(Document{{"reclaimed_bytes", after.reclaimed_bytes},
                                       {"segments_rewritten", after.segments_rewritten},
                                       {"log_bytes", after.log_bytes},
                                       {"dead_bytes", after.dead_bytes}}));
    } else if (!output.quiet()) {
        output.line(fmt::format("gave back {} of {} segments; the log has {}", format_bytes(after.reclaimed_bytes),
                                format_count(after.segments_rewritten), format_bytes(after.log_bytes)));
    }
    return ExitCode::ok;
}

ExitCode run(const StatsCommand&, Session session) {
    const auto store = open_store(session.common.data);
    const auto stats = store->stats();
    auto& output = session.output;
    if (output.json()) {
        output.line(json_line(Document{{"streams", stats.streams},
                                       {"messages", stats.tail.value},
                                       {"segments", stats.segments},
                                       {"log_bytes", stats.log_bytes},
                                       {"dead_bytes", stats.dead_bytes}}));
        return ExitCode::ok;
    }
    Table table({Align::left, Align::right});
    add(table, "streams", format_count(stats.streams));
    add(table, "messages ever appended", format_count(stats.tail.value));
    add(table, "segments", format_count(stats.segments));
    add(table, "log", format_bytes(stats.log_bytes));
    add(table, "of that deleted data", format_bytes(stats.dead_bytes));
    output.data(table.text());
    return ExitCode::ok;
}

}  // namespace foldback::cli
