#pragma once

#include "cli/commands.hpp"
#include "cli/output.hpp"

/// One function per verb. Each returns the exit code of a command that came to its end and throws Failure,
/// HttpError, StorageError, Interrupted or OutputClosed otherwise.
namespace foldback::cli {

/// The options that all verbs share, and where they speak.
struct Session {
    const CommonOptions& common;
    Output& output;
};

ExitCode run(const CreateCommand& command, Session session);
ExitCode run(const AppendCommand& command, Session session);
ExitCode run(const CloseCommand& command, Session session);
ExitCode run(const DeleteCommand& command, Session session);
ExitCode run(const TruncateCommand& command, Session session);
ExitCode run(const ForkCommand& command, Session session);
ExitCode run(const ReadCommand& command, Session session);
ExitCode run(const TailCommand& command, Session session);
ExitCode run(const HeadCommand& command, Session session);
ExitCode run(const ListCommand& command, Session session);
ExitCode run(const DebugCommand& command, Session session);
ExitCode run(const TraceCommand& command, Session session);
ExitCode run(const BisectCommand& command, Session session);
ExitCode run(const CompareCommand& command, Session session);
ExitCode run(const ExportAllCommand& command, Session session);
ExitCode run(const ImportCommand& command, Session session);
ExitCode run(const BackupCommand& command, Session session);
ExitCode run(const RestoreCommand& command, Session session);
ExitCode run(const VerifyCommand& command, Session session);
ExitCode run(const SalvageCommand& command, Session session);
ExitCode run(const ScavengeCommand& command, Session session);
ExitCode run(const StatsCommand& command, Session session);
ExitCode run(const TopCommand& command, Session session);
ExitCode run(const VersionCommand& command, Session session);
ExitCode run(const CompletionCommand& command, Session session);
ExitCode run(const ReferenceCommand& command, Session session);
ExitCode run(const ConfigShowCommand& command, Session session);
ExitCode run(const CheckConfigCommand& command, Session session);
ExitCode run(const ServeCommand& command, Session session);

}  // namespace foldback::cli
