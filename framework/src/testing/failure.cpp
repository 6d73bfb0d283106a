#include "foldback/testing/failure.hpp"

#include <utility>

namespace foldback::testing {

namespace {

Reporter& current_reporter() {
    static Reporter reporter;
    return reporter;
}

}  // namespace

Reporter report_through(Reporter reporter) { return std::exchange(current_reporter(), std::move(reporter)); }

void fail(const std::string& message, const boost::source_location& where) {
    const std::string text = std::string(where.file_name()) + ":" + std::to_string(where.line()) + ":\n" + message;
    if (!current_reporter()) throw TestFailure(text);
    current_reporter()(text);
}

}  // namespace foldback::testing
