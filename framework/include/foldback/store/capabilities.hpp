#pragma once

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

namespace foldback {

class StreamStore;

/// What not every store can do.
enum class Capability : std::uint8_t {
    store_order,    ///< positions over all streams: feeds, the store's tail
    append_all,     ///< appends to several streams, all or none
    backward_read,  ///< reads from the newest message on
    list,           ///< what streams there are
    truncate,       ///< giving up the data before an offset
    forks,          ///< streams that begin with what another holds
    stream_seq,     ///< AppendRequest::stream_seq
    exact_json,     ///< JSON messages come back byte for byte
    incarnations,   ///< telling a stream from its deleted namesake, and knowing when it was created
    commit_times,   ///< knowing when a message was committed
};

/// Its name in errors and documents, such as "store_order".
[[nodiscard]] std::string_view name_of(Capability capability) noexcept;

/// A set of capabilities.
class Capabilities {
public:
    constexpr Capabilities() = default;
    constexpr Capabilities(std::initializer_list<Capability> these) {
        for (const auto one : these) bits_ |= bit(one);
    }
    [[nodiscard]] static constexpr Capabilities all() noexcept {
        Capabilities every;
        every.bits_ = bit(Capability::commit_times) * 2 - 1;
        return every;
    }

    [[nodiscard]] constexpr bool has(Capability one) const noexcept { return (bits_ & bit(one)) != 0; }
    [[nodiscard]] constexpr Capabilities with(Capability one) const noexcept {
        Capabilities more = *this;
        more.bits_ |= bit(one);
        return more;
    }
    /// Those of these that `others` lacks.
    [[nodiscard]] constexpr Capabilities missing_in(Capabilities others) const noexcept {
        Capabilities missing;
        missing.bits_ = bits_ & ~others.bits_;
        return missing;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
    /// Their names, separated by commas.
    [[nodiscard]] std::string text() const;

    friend bool operator==(Capabilities, Capabilities) = default;

private:
    static constexpr unsigned bit(Capability one) noexcept { return 1U << static_cast<unsigned>(one); }

    unsigned bits_ = 0;
};

/// A store was asked for what it cannot do. Nothing happened.
class MissingCapability : public std::logic_error {
public:
    /// `who` needs what is missing.
    MissingCapability(std::string_view who, Capabilities what_is_missing);

    Capabilities missing;
};

/// Throws MissingCapability, naming `who`, unless the store has all of these: for those who are built upon a store, at their
/// start.
void require(const StreamStore& store, Capabilities needed, std::string_view who);

}  // namespace foldback
