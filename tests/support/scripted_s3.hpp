#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/s3/s3_bucket.hpp"
#include "server/delivery/receiver.hpp"

namespace foldback::test {

/// A request as it came.
struct S3Request {
    std::string method;
    std::string path;
    std::string head;  ///< all lines of it
    std::string body;

    /// Empty when there is none.
    [[nodiscard]] std::string header(const std::string& name) const {
        const auto at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const auto begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

/// What speaks as S3 does, in memory. It believes every signature, and fails when told to.
class ScriptedS3 {
public:
    /// An answer instead of the right one; an empty one cuts the connection.
    using Script = std::function<std::optional<std::string>(const S3Request&)>;

    [[nodiscard]] S3Options options() const {
        return {.endpoint = receiver_.url(""),
                .credentials = [] { return S3Credentials{.access_key = "user", .secret_key = "secret words"}; },
                .delay = std::chrono::milliseconds(2),
                .rest = std::chrono::milliseconds(0)};
    }

    void set_script(Script script) {
        const std::lock_guard lock(mutex_);
        script_ = std::move(script);
    }
    [[nodiscard]] std::vector<S3Request> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    /// Objects are named as in /bucket/key.
    [[nodiscard]] std::map<std::string, std::string> objects() const {
        const std::lock_guard lock(mutex_);
        return objects_;
    }
    void set(const std::string& path, std::string bytes) {
        const std::lock_guard lock(mutex_);
        objects_[path] = std::move(bytes);
    }
    void remove(const std::string& path) {
        const std::lock_guard lock(mutex_);
        objects_.erase(path);
    }

    static std::string error(unsigned status, const std::string& code) {
        return server::reply(std::to_string(status) + " So",
                             "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code></Error>");
    }

private:
    void serve(int descriptor) {
        const auto text = server::read_request(descriptor);
        const auto line = text.substr(0, text.find("\r\n"));
        const auto blank = line.find(' ');
        const auto end = text.find("\r\n\r\n");
        if (end == std::string::npos || blank == std::string::npos) return;
        const S3Request request{.method = line.substr(0, blank),
                                .path = line.substr(blank + 1, line.rfind(' ') - blank - 1),
                                .head = text.substr(0, end + 2),
                                .body = text.substr(end + 4)};
        server::write_text(descriptor, saying_that_it_closes(answer(request)));
    }

    /// A connection is closed after its first answer. A client that were not told might send its next request there.
    static std::string saying_that_it_closes(std::string answer) {
        const auto line_end = answer.find("\r\n");
        if (line_end != std::string::npos) answer.insert(line_end + 2, "connection: close\r\n");
        return answer;
    }

    std::string answer(const S3Request& request) {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        if (script_) {
            if (auto scripted = script_(request)) return *scripted;
        }
        if (request.method == "PUT") return put(request);
        const auto found = objects_.find(request.path);
        if (found == objects_.end()) return error(404, "NoSuchKey");
        return get(found->second, request.header("range"));
    }

    std::string put(const S3Request& request) {
        const auto source = request.header("x-amz-copy-source");
        if (source.empty()) {
            objects_[request.path] = request.body;
            return server::reply("200 OK", "");
        }
        const auto found = objects_.find(source);
        if (found == objects_.end()) return error(404, "NoSuchKey");
        objects_[request.path] = found->second;
        return server::reply("200 OK", "<CopyObjectResult></CopyObjectResult>");
    }

    static std::string get(const std::string& bytes, const std::string& range) {
        const auto from = std::stoul(range.substr(6));
        const auto last = std::min(std::stoul(range.substr(range.find('-') + 1)), bytes.size() - 1);
        if (from >= bytes.size()) return error(416, "InvalidRange");
        const auto piece = bytes.substr(from, last + 1 - from);
        const auto etag = std::to_string(std::hash<std::string>{}(bytes));
        return "HTTP/1.1 206 Partial Content\r\netag: \"" + etag + "\"\r\ncontent-range: bytes " +
               std::to_string(from) + '-' + std::to_string(last) + '/' + std::to_string(bytes.size()) +
               "\r\ncontent-length: " + std::to_string(piece.size()) + "\r\n\r\n" + piece;
    }

    mutable std::mutex mutex_;
    Script script_;
    std::vector<S3Request> requests_;
    std::map<std::string, std::string> objects_;
    server::Receiver receiver_{[this](int descriptor) { serve(descriptor); }};
};

}  // namespace foldback::test
