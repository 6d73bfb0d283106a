#pragma once

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>
#include <unistd.h>

#include "foldback/client/client.hpp"

/// What a failed check shows of a result.
template <class Value>
struct doctest::StringMaker<boost::system::result<Value, foldback::client::Error>> {
    static String convert(const boost::system::result<Value, foldback::client::Error>& result) {
        return result ? "a value" : result.error().message.c_str();
    }
};

namespace e2e {

/// What the script that runs this program says of the server to use.
inline std::string setting(const char* name) {
    const char* const value = std::getenv(name);
    if (value == nullptr) throw std::runtime_error(std::string("run.sh sets ") + name);
    return value;
}

/// The URL of a stream that nobody else uses.
inline std::string new_url(const std::string& base = setting("CLIENT_TEST_URL")) {
    static std::atomic<unsigned> count{0};
    return base + "/e2e-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

inline foldback::client::Client& client() {
    const char* const ca_file = std::getenv("CLIENT_TEST_CA");
    static foldback::client::Client one({.ca_file = ca_file == nullptr ? "" : ca_file});
    return one;
}

inline foldback::client::DurableStream new_stream(const std::string& content_type) {
    auto stream = client().stream(new_url());
    (void)stream.create({.content_type = content_type}).value();
    return stream;
}

/// Everything that a stream holds now.
inline std::string content_of(const foldback::client::DurableStream& stream) {
    std::string content;
    for (const auto& batch : stream.read()) {
        for (const auto item : batch.items()) content += std::string(item) + (batch.is_json() ? " " : "");
    }
    return content;
}

}  // namespace e2e
