#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "protocol/problem.hpp"

namespace foldback::server::protocol {

/// Counts live readers, so that their number stays bounded. Any thread.
class Waiters : public std::enable_shared_from_this<Waiters> {
public:
    Waiters(std::size_t max_all, std::size_t max_per_stream) : max_all_(max_all), max_per_stream_(max_per_stream) {}

    /// A live reader's place among the others, given back when destroyed. May outlive everything else.
    class Place {
    public:
        Place() = default;
        Place(std::shared_ptr<Waiters> waiters, std::string stream)
            : waiters_(std::move(waiters)), stream_(std::move(stream)) {}
        Place(Place&&) = default;
        Place& operator=(Place&& other) noexcept;
        ~Place() { give_back(); }

    private:
        void give_back() noexcept;

        std::shared_ptr<Waiters> waiters_;
        std::string stream_;
    };

    /// Problems: 503 when the server has its number of readers, 429 when the stream has.
    [[nodiscard]] Parsed<Place> take_place(const std::string& stream);

    [[nodiscard]] std::size_t count() const;

private:
    void release(const std::string& stream) noexcept;

    const std::size_t max_all_;
    const std::size_t max_per_stream_;
    mutable std::mutex mutex_;
    std::size_t all_ = 0;
    std::unordered_map<std::string, std::size_t> per_stream_;
};

}  // namespace foldback::server::protocol
