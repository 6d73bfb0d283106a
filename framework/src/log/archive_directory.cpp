#include "log/archive_place.hpp"
#include "log/bytes.hpp"
#include "log/log_files.hpp"

namespace foldback {
namespace {

constexpr std::string_view unfinished = ".new";

class ArchiveDirectory final : public ArchivePlace {
public:
    explicit ArchiveDirectory(std::shared_ptr<LogDevice> device) : device_(std::move(device)) {}

    std::shared_ptr<const ReadableFile> open(const std::string& name) override { return find(name); }

    void put(const std::string& name, const Write& write, const Check& check) override {
        const auto fresh = log::fresh_name_beside(name, unfinished);
        try {
            write_all(fresh, write);
            check(*device_->open(fresh, LogDevice::Open::read_only));
            if (find(name)) device_->rename(name, log::fresh_name_beside(name, ".aside"));
        } catch (...) {
            log::discard_file(*device_, fresh);
            throw;
        }
        device_->rename(fresh, name);
        device_->sync_directory();
    }

    void sync(const std::string& name) override {
        device_->open(name, LogDevice::Open::read_only)->sync();
        device_->sync_directory();
    }

    void clear_away() override {
        for (const auto& name : device_->list()) {
            if (is_unfinished(name)) log::discard_file(*device_, name);
        }
    }

    std::string describe(const std::string& name) const override { return device_->describe(name); }

private:
    /// Whether `put` makes files of that name. Others are nobody's business here.
    static bool is_unfinished(std::string_view name) {
        if (!name.ends_with(unfinished)) return false;
        name.remove_suffix(unfinished.size());
        const auto object = name.substr(0, name.rfind('.'));
        return object == log::format_name || log::segment_number_of(object);
    }

    std::unique_ptr<LogFile> find(const std::string& name) {
        try {
            return device_->open(name, LogDevice::Open::read_only);
        } catch (const DeviceError& error) {
            if (error.code() == std::errc::no_such_file_or_directory) return nullptr;
            throw;
        }
    }

    void write_all(const std::string& fresh, const Write& write) {
        const auto file = device_->open(fresh, LogDevice::Open::create_new);
        std::uint64_t end = 0;
        write([&](std::string_view bytes) {
            file->write_at(end, log::as_bytes(bytes));
            end += bytes.size();
        });
        file->sync();
    }

    std::shared_ptr<LogDevice> device_;
};

}  // namespace

std::shared_ptr<ArchivePlace> place_on(std::shared_ptr<LogDevice> device) {
    return std::make_shared<ArchiveDirectory>(std::move(device));
}

}  // namespace foldback
