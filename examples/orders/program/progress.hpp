#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace orders::cli {

/// How far a piece of work has come, on stderr: a bar on a terminal, a line every five seconds elsewhere.
class Progress {
public:
    Progress(std::string what, std::uint64_t total, bool quiet);

    void show(std::uint64_t done);
    /// The last line.
    void finish(std::uint64_t done);

private:
    void draw(std::uint64_t done) const;
    [[nodiscard]] double seconds() const;

    std::string what_;
    std::uint64_t total_;
    bool quiet_;
    bool terminal_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point shown_ = started_;
};

}  // namespace orders::cli
