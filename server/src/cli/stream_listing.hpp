#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/transport.hpp"

namespace foldback::cli {

/// The streams of a server or directory by name, in pages. The transport must outlive it.
class StreamListing {
public:
    using Document = nlohmann::ordered_json;

    /// Throws Failure (usage) when the server cannot list its streams at its address.
    StreamListing(Transport& transport, std::string prefix);

    [[nodiscard]] bool is_complete() const noexcept { return complete_; }
    /// The next ones, at most `limit`: each with its name below the base URL as `stream`, and what else is known. Throws
    /// Failure, HttpError and Interrupted.
    [[nodiscard]] std::vector<Document> next(std::uint64_t limit = 1'000);

private:
    Transport& transport_;
    BaseUrl::Listing listing_;
    std::string prefix_;
    std::string after_;
    bool complete_ = false;
};

}  // namespace foldback::cli
