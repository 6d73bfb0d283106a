#pragma once

namespace foldback::cli {

/// The program `foldback`: reads the arguments, runs one verb, says what went wrong. Returns the exit code.
int run_program(int argc, char** argv);

}  // namespace foldback::cli
