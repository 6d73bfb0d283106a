#pragma once

/// The test kit for users of Foldback. It works with any test library: a failed expectation throws TestFailure with a
/// message for people, or calls a function of yours (see report_through).
///
///     using namespace foldback::testing;
///
///     given<Account>(Opened{"Ada"}, Deposited{100}).when(withdraw, Withdraw{30}).then(Withdrawn{30});
///     given<Account>(Opened{"Ada"}).when(withdraw, Withdraw{30}).then_rejected("not-enough");
///     check_laws<Account>();
///
///     World world;                                            // a store in memory on a manual clock
///     auto accounts = world.repository<Account>("accounts");
///
/// Projections and workflows have headers of their own, which bring the application layer with them:
/// foldback/testing/projections.hpp and foldback/testing/workflows.hpp.

#include "foldback/testing/deliver_twice.hpp"  // IWYU pragma: export
#include "foldback/testing/failure.hpp"        // IWYU pragma: export
#include "foldback/testing/given.hpp"          // IWYU pragma: export
#include "foldback/testing/golden.hpp"         // IWYU pragma: export
#include "foldback/testing/laws.hpp"           // IWYU pragma: export
#include "foldback/testing/random.hpp"         // IWYU pragma: export
#include "foldback/testing/shrink.hpp"         // IWYU pragma: export
#include "foldback/testing/text_of.hpp"        // IWYU pragma: export
#include "foldback/testing/world.hpp"          // IWYU pragma: export
