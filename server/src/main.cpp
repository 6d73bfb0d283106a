#include "cli/run.hpp"
#include "foldback/app/database.hpp"

int main(int argc, char** argv) {
    foldback::tune_sqlite();
    return foldback::cli::run_program(argc, argv);
}
