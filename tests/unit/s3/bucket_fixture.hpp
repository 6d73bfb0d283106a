#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "foldback/s3/s3_bucket.hpp"
#include "log/archive_place.hpp"
#include "support/scripted_s3.hpp"
#include "support/temporary_directory.hpp"

/// A bucket of a server that fails when told to.
namespace foldback::s3 {

using test::S3Request;
using test::ScriptedS3;

struct Bucket {
    ScriptedS3 server;
    test::TemporaryDirectory scratch;

    [[nodiscard]] std::shared_ptr<ArchivePlace> place(S3Options options, std::string_view below = {}) const {
        return S3Bucket("s3://bucket/some", std::move(options)).place(below, scratch.path());
    }
    [[nodiscard]] std::shared_ptr<ArchivePlace> place() const { return place(server.options()); }
};

inline void put(ArchivePlace& place, const std::string& name, const std::string& bytes) {
    place.put(
        name, [&](const auto& append) { append(bytes); }, [](const ReadableFile&) {});
}

inline std::string read(const ReadableFile& file, std::uint64_t from, std::size_t bytes) {
    std::string text(bytes, '\0');
    text.resize(file.read_at(from, std::as_writable_bytes(std::span(text))));
    return text;
}

/// The first `count` requests are answered so.
inline ScriptedS3::Script first(int count, std::string answer) {
    return [left = count, answer = std::move(answer)](const S3Request&) mutable -> std::optional<std::string> {
        if (left-- <= 0) return {};
        return answer;
    };
}

}  // namespace foldback::s3
