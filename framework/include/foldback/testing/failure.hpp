#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include <boost/assert/source_location.hpp>

namespace foldback::testing {

/// A test of the kit failed. `what()` is a message of several lines for people. Every test library reports it as a failure,
/// because it is an exception that the test does not catch.
class TestFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What is called with the message of a failure.
using Reporter = std::function<void(const std::string& message)>;

/// Makes the kit call `reporter` instead of throwing, for test libraries whose checks go on after a failure; an empty one
/// restores the throwing. Returns the one before. Not while other threads use the kit.
Reporter report_through(Reporter reporter);

/// Reports a failure: throws TestFailure, or calls the reporter. `where` is put in front.
void fail(const std::string& message, const boost::source_location& where = BOOST_CURRENT_LOCATION);

}  // namespace foldback::testing
