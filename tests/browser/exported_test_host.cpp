// What stands beside a test that was exported from the debugger: doctest's main and the registry it asks for.
// -DREDUCER=faulty or -DREDUCER=sound
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "program/debugging.hpp"

foldback::Registry debugger_registry();
foldback::Registry debugger_registry() { return orders::cli::debugger_registry(orders::Reducer::REDUCER); }
