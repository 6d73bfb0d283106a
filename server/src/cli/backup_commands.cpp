#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/data_directory.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "cli/units.hpp"
#include "cli/verbs.hpp"
#include "foldback/store/backup.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

Document document_of(const BackupInfo& backup) {
    return {{"name", backup.name},
            {"created_at", server::protocol::format_timestamp(backup.created_at)},
            {"next_position", backup.next_position.value},
            {"segments", backup.segments},
            {"bytes", backup.bytes}};
}

ExitCode list(const BackupCommand& command, Output& output) {
    const auto backups = list_backups(command.repository);
    if (output.json()) {
        for (const auto& backup : backups) output.line(json_line(document_of(backup)));
        return ExitCode::ok;
    }
    Table table({Align::left, Align::right, Align::right, Align::right});
    table.add({"backup", "messages", "segments", "size"});
    for (const auto& backup : backups) {
        table.add({backup.name, format_count(backup.next_position.value), format_count(backup.segments),
                   format_bytes(backup.bytes)});
    }
    output.data(table.text());
    return ExitCode::ok;
}

std::function<void(const Progress&)> shown(ProgressDisplay& display) {
    return [&display](const Progress& done) {
        throw_if_interrupted();
        display.update(done.done_bytes, done.total_bytes);
    };
}

void print(const BackupReport& report, std::uint64_t forgotten_bytes, Output& output) {
    if (output.json()) {
        auto document = document_of(report.backup);
        document["copied_segments"] = report.copied_segments;
        document["copied_bytes"] = report.copied_bytes;
        document["reused_segments"] = report.reused_segments;
        document["forgotten_bytes"] = forgotten_bytes;
        output.line(json_line(document));
    } else if (!output.quiet()) {
        output.line(fmt::format("backup {} · {} messages · copied {} of {} segments, {}", report.backup.name,
                                format_count(report.backup.next_position.value), report.copied_segments,
                                report.backup.segments, format_bytes(report.copied_bytes)));
        if (forgotten_bytes > 0) output.line(fmt::format("forgot older backups, {}", format_bytes(forgotten_bytes)));
    }
}

}  // namespace

ExitCode run(const BackupCommand& command, Session session) {
    if (command.list) return list(command, session.output);
    const auto& directory = session.common.data;
    if (directory.empty()) {
        throw Failure(ExitCode::usage, "what is to be backed up is missing",
                      "Say --data DIR, or --list to see the backups that are there.");
    }
    require_store(directory);
    ProgressDisplay display(session.output, "backing up", ProgressUnit::bytes, session.common.progress);
    BackupReport report;
    try {
        report = backup_store(directory, command.repository, shown(display));
    } catch (const StoreLocked& error) {
        throw Failure(ExitCode::locked, error.what(), "Another backup is being made there; wait for it.");
    } catch (const StorageError& error) {
        throw failure_of(error, directory);
    }
    display.clear();
    print(report, command.keep ? forget_backups(command.repository, *command.keep) : 0, session.output);
    return ExitCode::ok;
}

ExitCode run(const RestoreCommand& command, Session session) {
    const auto& directory = session.common.data;
    RestoreRequest request{.repository = command.repository, .directory = directory, .backup = command.backup};
    if (command.position) request.up_to = Position{*command.position};
    if (!command.before.empty()) {
        request.before = server::protocol::parse_timestamp(command.before);
        if (!request.before) {
            throw Failure(ExitCode::usage, fmt::format("\"{}\" is not a time", printable(command.before)),
                          "An example: --before 2030-01-01T00:00:00Z");
        }
    }
    ProgressDisplay display(session.output, "restoring", ProgressUnit::bytes, session.common.progress);
    RestoreReport report;
    try {
        report = restore_store(request, shown(display));
    } catch (const StoreLocked& error) {
        throw Failure(ExitCode::locked, error.what(), "Wait for it, or say another --data.");
    } catch (const StorageError& error) {
        throw Failure(ExitCode::no, error.what());
    }
    display.clear();
    auto& output = session.output;
    if (output.json()) {
        output.line(json_line(Document{{"backup", report.backup},
                                       {"next_position", report.next_position.value},
                                       {"segments", report.segments},
                                       {"bytes", report.bytes},
                                       {"cut", report.cut}}));
    } else if (!output.quiet()) {
        output.line(fmt::format("restored {} from backup {} · {} messages · {}", directory, report.backup,
                                format_count(report.next_position.value), format_bytes(report.bytes)));
    }
    return ExitCode::ok;
}

}  // namespace foldback::cli
