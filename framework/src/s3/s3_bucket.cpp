#include "foldback/s3/s3_bucket.hpp"

#include <stdexcept>
#include <stop_token>
#include <utility>

#include "log/archive_place.hpp"
#include "log/log_files.hpp"
#include "s3/caller.hpp"
#include "s3/object.hpp"
#include "s3/signature.hpp"
#include "s3/spool.hpp"

namespace foldback {
namespace {

/// An object is there whole or not at all, and durable when the answer says that it is there: it is read back under its name.
class PlaceInBucket final : public ArchivePlace {
public:
    PlaceInBucket(std::shared_ptr<s3::Caller> caller, std::string prefix, std::filesystem::path scratch)
        : caller_(std::move(caller)), prefix_(std::move(prefix)), scratch_(std::move(scratch)) {}

    std::shared_ptr<const ReadableFile> open(const std::string& name) override {
        return s3::Object::find(caller_, prefix_ + name, scratch_, stop_.get_token());
    }

    void put(const std::string& name, const Write& write, const Check& check) override {
        send(name, write, check);
        const auto stored = open(name);
        if (!stored)
            throw DeviceError(std::make_error_code(std::errc::protocol_error), describe(name) + " was put and is gone");
        check(*stored);
    }

    void sync(const std::string& /*name*/) override {}
    void clear_away() override {}
    std::string describe(const std::string& name) const override { return caller_->describe(prefix_ + name); }
    void interrupt() noexcept override { stop_.request_stop(); }

private:
    void send(const std::string& name, const Write& write, const Check& check) {
        s3::Spool spool(scratch_);
        s3::Sha256 hash;
        write([&](std::string_view bytes) {
            spool.append(bytes);
            hash.add(bytes);
        });
        check(spool);
        const auto key = prefix_ + name;
        if (const auto old = open(name))
            caller_->copy(key, log::fresh_name_beside(key, ".aside"), old->size(), stop_.get_token());
        caller_->put(key, spool, hash.digest(), stop_.get_token());
    }

    std::shared_ptr<s3::Caller> caller_;
    std::string prefix_;
    std::filesystem::path scratch_;
    std::stop_source stop_;
};

}  // namespace

S3Bucket::S3Bucket(std::string_view url, S3Options options)
    : caller_(std::make_shared<s3::Caller>(s3::parse_location(url), std::move(options))) {}

std::shared_ptr<ArchivePlace> S3Bucket::place(std::string_view below, const std::filesystem::path& scratch) const {
    auto prefix = caller_->location().prefix;
    if (!below.empty()) prefix.append(below).append("/");
    return std::make_shared<PlaceInBucket>(caller_, std::move(prefix), scratch);
}

}  // namespace foldback
