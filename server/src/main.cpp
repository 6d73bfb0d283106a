#include "cli/run.hpp"

int main(int argc, char** argv) { return foldback::cli::run_program(argc, argv); }
