#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace foldback::server {

/// What can be read again while the server runs (SIGHUP): a file of rules, certificates, tokens.
class Reloads {
public:
    /// Reads and checks the new state and returns what puts it into force, which must not throw. Throws
    /// std::exception when it is bad; what is in force then stays.
    using Load = std::function<std::function<void()>()>;

    void add(std::string name, Load load) {
        const std::lock_guard lock(mutex_);
        all_.emplace_back(std::move(name), std::move(load));
    }

    /// Puts all of it into force, or nothing; returns why not, empty when it was done.
    [[nodiscard]] std::string reload() {
        const std::lock_guard lock(mutex_);
        std::vector<std::function<void()>> loaded;
        for (const auto& [name, load] : all_) {
            try {
                loaded.push_back(load());
            } catch (const std::exception& error) {
                return name + ": " + error.what();
            }
        }
        for (const auto& apply : loaded) apply();
        return {};
    }

private:
    std::mutex mutex_;
    std::vector<std::pair<std::string, Load>> all_;
};

}  // namespace foldback::server
