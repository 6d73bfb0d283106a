#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "log/device.hpp"

/// Where an archive is: whole objects under names.
namespace foldback {

/// The place of an archive cannot be reached at the moment; nothing is known of what is in it.
class PlaceUnreachable : public DeviceError {
public:
    using DeviceError::DeviceError;
};

/// Any number of processes read what is here while one of them puts something here. One thread at a time, but for `interrupt`.
/// All members throw DeviceError.
class ArchivePlace {
public:
    virtual ~ArchivePlace() = default;

    /// What has that name; null when nothing has. It is read as it was then, or reading throws.
    [[nodiscard]] virtual std::shared_ptr<const ReadableFile> open(const std::string& name) = 0;

    using Append = std::function<void(std::string_view)>;
    using Write = std::function<void(const Append&)>;
    using Check = std::function<void(const ReadableFile&)>;
    /// Puts here what `write` appends, whole: nobody sees half of it under this name. It is durable then, and was read back by
    /// `check`. What had the name is put aside, not overwritten. Throws what `write` and `check` throw, before anybody
    /// finds it here; but where nothing can be read back that has no name yet, `check` may throw when it has it.
    virtual void put(const std::string& name, const Write& write, const Check& check) = 0;

    /// Makes durable what has that name, whoever put it here.
    virtual void sync(const std::string& name) = 0;

    /// Removes what was being put here by somebody who died.
    virtual void clear_away() = 0;

    /// How messages name what has that name; the place itself when it is empty.
    [[nodiscard]] virtual std::string describe(const std::string& name) const = 0;

    /// Makes calls that wait for another machine, also later ones, throw PlaceUnreachable soon. Any thread.
    virtual void interrupt() noexcept {}
};

/// The files of a device.
[[nodiscard]] std::shared_ptr<ArchivePlace> place_on(std::shared_ptr<LogDevice> device);

}  // namespace foldback
