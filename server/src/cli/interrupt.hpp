#pragma once

/// SIGINT and SIGTERM for the client's verbs: noticed between steps, so that a command can say how to go on.
namespace foldback::cli {

/// From now on the two signals set a flag; blocking system calls return early (EINTR). A second one ends the process.
void catch_interrupts();

[[nodiscard]] bool was_interrupted() noexcept;

/// Thrown where a command stops because of `was_interrupted`.
struct Interrupted {};

void throw_if_interrupted();

}  // namespace foldback::cli
