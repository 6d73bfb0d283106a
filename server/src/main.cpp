#include "cli/run.hpp"
#include "foldback/app/database.hpp"

int main(int argc, char** argv) {
    foldback::forgo_sqlite_memory_statistics();
    return foldback::cli::run_program(argc, argv);
}
