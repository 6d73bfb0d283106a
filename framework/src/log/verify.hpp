#pragma once

#include "foldback/store/log_store.hpp"
#include "log/device.hpp"

namespace foldback::log {

/// Reads and checks every commit and record on the device. See foldback::verify_store.
[[nodiscard]] VerifyReport verify(LogDevice& device, const std::function<void(const Progress&)>& on_progress);

/// See foldback::salvage_store. The caller holds the device's lock. Quarantined files keep their name with the prefix
/// "quarantine-" (the device is flat).
[[nodiscard]] SalvageReport salvage(LogDevice& device);

}  // namespace foldback::log
