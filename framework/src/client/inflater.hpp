#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace foldback::client::detail {

/// Undoes the content encodings gzip and deflate, piece by piece. Both begin by saying which they are.
class Inflater {
public:
    Inflater();
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// Appends what `bytes` unpack to, but not beyond `max_bytes` of `out`. False: they are damaged, or unpack to more.
    [[nodiscard]] bool add(std::string_view bytes, std::string& out, std::size_t max_bytes);
    /// Whether the packed data came to its end.
    [[nodiscard]] bool is_done() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace foldback::client::detail
