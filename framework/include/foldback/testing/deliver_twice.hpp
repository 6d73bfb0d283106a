#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <boost/assert/source_location.hpp>

#include "foldback/testing/failure.hpp"
#include "foldback/testing/text_of.hpp"

namespace foldback::testing {

/// Checks that a handler takes every message of at-least-once delivery: that each one twice, and all of them twice, leads
/// where each one once leads.
///
///     deliver_twice(messages, [] { return Mailer{}; },
///                   [](Mailer& mailer, const Message& message) { mailer.handle(message); },
///                   [](const Mailer& mailer) { return mailer.sent(); });
///
/// `make` makes what handles, anew; `deliver` hands it a message; `observe` returns what counts, which is compared by its
/// JSON and by ==, where it has one. Works for anything: projections, workflows, gateways.
template <class Message, class Make, class Deliver, class Observe>
void deliver_twice(const std::vector<Message>& messages, const Make& make, const Deliver& deliver,
                   const Observe& observe, const boost::source_location& where = BOOST_CURRENT_LOCATION) {
    auto once = make();
    for (const auto& message : messages) deliver(once, message);
    const auto expected = observe(once);
    const auto check = [&](auto& twice, const std::string& how) {
        const auto got = observe(twice);
        if (same(expected, got)) return;
        fail("delivered " + how + ", it is not as if delivered once\n  once:  " + text_of(expected) +
                 "\n  twice: " + text_of(got),
             where);
    };
    for (std::size_t i = 0; i < messages.size(); ++i) {
        auto twice = make();
        for (std::size_t j = 0; j < messages.size(); ++j) {
            deliver(twice, messages[j]);
            if (i == j) deliver(twice, messages[j]);
        }
        check(twice, "message " + std::to_string(i + 1) + " twice");
    }
    auto all = make();
    for (int round = 0; round < 2; ++round) {
        for (const auto& message : messages) deliver(all, message);
    }
    check(all, "all messages, and then all of them again");
}

}  // namespace foldback::testing
