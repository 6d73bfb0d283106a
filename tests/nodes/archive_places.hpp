#pragma once

#include <memory>
#include <string>
#include <vector>

#include "log/archive_place.hpp"
#include "log/faulty_device.hpp"
#include "support/scripted_s3.hpp"
#include "support/temporary_directory.hpp"

/// The places that an archive may have, with hands on what is in them.
namespace foldback::nodes {

class InDirectory {
public:
    [[nodiscard]] std::shared_ptr<ArchivePlace> place() const { return place_on(device); }
    [[nodiscard]] std::vector<std::string> names() const { return device->list(); }
    [[nodiscard]] std::string contents(const std::string& name) const {
        const auto file = device->open(name, LogDevice::Open::read_only);
        std::string bytes(file->size(), '\0');
        (void)file->read_at(0, std::as_writable_bytes(std::span(bytes)));
        return bytes;
    }
    void set(const std::string& name, const std::string& bytes) {
        log::discard_file(*device, name);
        device->open(name, LogDevice::Open::create_new)->write_at(0, std::as_bytes(std::span(bytes)));
    }
    void remove(const std::string& name) { device->remove(name); }

    std::shared_ptr<FaultyDevice> device = std::make_shared<FaultyDevice>(1);
};

class InBucket {
public:
    [[nodiscard]] std::shared_ptr<ArchivePlace> place() const {
        return S3Bucket("s3://bucket/archive", server->options()).place({}, scratch->path());
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [path, bytes] : server->objects()) all.push_back(path.substr(path.rfind('/') + 1));
        return all;
    }
    [[nodiscard]] std::string contents(const std::string& name) const { return server->objects().at(prefix + name); }
    void set(const std::string& name, const std::string& bytes) { server->set(prefix + name, bytes); }
    void remove(const std::string& name) { server->remove(prefix + name); }

    std::string prefix = "/bucket/archive/";
    std::shared_ptr<test::ScriptedS3> server = std::make_shared<test::ScriptedS3>();
    std::shared_ptr<test::TemporaryDirectory> scratch = std::make_shared<test::TemporaryDirectory>();
};

/// Writes over a byte in the middle of what has that name.
template <class Where>
void damage(Where& where, const std::string& name) {
    auto bytes = where.contents(name);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    where.set(name, bytes);
}

}  // namespace foldback::nodes
