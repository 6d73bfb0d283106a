#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "account.hpp"
#include "foldback/app/repository.hpp"

/// The history that folds are measured on.
namespace bench {

inline constexpr std::size_t million = 1'000'000;

[[nodiscard]] inline AccountEvent event_of(std::size_t number) {
    const auto digits = std::to_string(100'000 + number % 800'000);
    switch (number % 4) {
        case 0: return Withdrawn{.machine = "atm-" + digits, .cents = static_cast<std::int64_t>(number % 50'000)};
        default:
            return Deposited{.from = "DE02-" + digits + "-1234567",
                             .cents = static_cast<std::int64_t>(number % 90'000),
                             .note = "rent"};
    }
}

/// The account 1 of a million events of about 200 bytes.
inline void fill(const foldback::Repository<Account>& accounts) {
    const foldback::Metadata metadata{.correlation = "c-1732350000123", .actor = "ada"};
    for (std::size_t done = 0; done < million; done += 1000) {
        std::vector<AccountEvent> events;
        for (std::size_t i = 0; i < 1000; ++i) events.push_back(event_of(done + i));
        (void)accounts.append("1", foldback::Offset{done}, events, metadata).value();
    }
}

}  // namespace bench
