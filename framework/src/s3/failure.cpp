#include "s3/failure.hpp"

#include <algorithm>
#include <array>

namespace foldback::s3 {
namespace {

constexpr std::size_t max_code_letters = 64;

struct Hint {
    std::string_view code;
    std::string_view meaning;
};

constexpr std::array hints{
    Hint{"InvalidAccessKeyId", "the access key is not known there"},
    Hint{"SignatureDoesNotMatch", "the secret key is not that of the access key"},
    Hint{"ExpiredToken", "the session token has expired"},
    Hint{"InvalidToken", "the session token is not that of the access key"},
    Hint{"RequestTimeTooSkewed", "this machine's clock differs by minutes"},
    Hint{"AccessDenied", "these keys need s3:GetObject and s3:PutObject below the prefix, and s3:ListBucket"},
    Hint{"NoSuchBucket", "there is no such bucket"},
    Hint{"EntityTooLarge", "the server takes no object of that size"},
    Hint{"PermanentRedirect", "the bucket is in another region"},
    Hint{"AuthorizationHeaderMalformed", "the bucket is in another region"},
};

/// Errors that are the request's, which was right when it was sent.
constexpr std::array passing{std::string_view("RequestTimeout"), std::string_view("IncompleteBody"),
                             std::string_view("BadDigest"), std::string_view("XAmzContentSHA256Mismatch"),
                             std::string_view("OperationAborted")};

/// Errors of the keys, some with 403 and some with 400.
constexpr std::array of_keys{std::string_view("InvalidAccessKeyId"), std::string_view("SignatureDoesNotMatch"),
                             std::string_view("ExpiredToken"), std::string_view("InvalidToken"),
                             std::string_view("RequestTimeTooSkewed")};

/// Without the method and the URL, so that it is the same for all requests.
std::string_view reason_in(const client::Error& error) {
    const std::string_view message = error.message;
    const auto begin = error.stream.empty() ? std::string_view::npos : message.find(error.stream + ": ");
    return begin == std::string_view::npos ? message : message.substr(begin + error.stream.size() + 2);
}

std::string answer(const client::Error& error, const std::string& code) {
    auto what = "was answered " + std::to_string(error.status);
    if (!code.empty()) what.append(" ").append(code);
    const auto* const hint = std::ranges::find(hints, code, &Hint::code);
    if (hint != hints.end()) what.append(" (").append(hint->meaning).append(")");
    if (code.empty() && error.status == 413) what.append(", as by a proxy that takes nothing of that size");
    return what;
}

}  // namespace

std::string code_in(std::string_view document) {
    constexpr std::string_view opening = "<Code>";
    const auto begin = document.find(opening);
    if (begin == std::string_view::npos) return {};
    document.remove_prefix(begin + opening.size());
    const auto code = document.substr(0, document.find("</Code>"));
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
    if (code.size() > max_code_letters || code.size() == document.size() || !std::ranges::all_of(code, fits)) return {};
    return std::string(code);
}

Failure failure_of(const client::Error& error) {
    using client::ErrorCode;
    if (error.code == ErrorCode::invalid_argument)
        return {.code = std::errc::invalid_argument, .what = "was not sent: " + error.message};
    if (error.code == ErrorCode::response_too_large)
        return {.code = std::errc::protocol_error, .what = "was answered with more than was asked for"};
    if (error.status == 0)
        return {.code = std::errc::resource_unavailable_try_again,
                .what = "failed: " + std::string(reason_in(error)),
                .passes = true};
    const auto code = code_in(error.body);
    const auto what = answer(error, code);
    const bool is_server_error = error.status >= 500 && error.status != 501;
    if (is_server_error || error.status == 429 || error.status == 408 || std::ranges::count(passing, code) > 0)
        return {.code = std::errc::resource_unavailable_try_again, .what = what, .passes = true};
    if (std::ranges::count(of_keys, code) > 0)
        return {.code = std::errc::permission_denied, .what = what, .refuses_keys = true};
    switch (error.status) {
        case 401:
        case 403: return {.code = std::errc::permission_denied, .what = what};
        case 404:
            if (code == "NoSuchBucket") return {.code = std::errc::no_such_device_or_address, .what = what};
            if (code == "NoSuchKey")
                return {.code = std::errc::no_such_file_or_directory, .what = what, .is_absent = true};
            return {.code = std::errc::resource_unavailable_try_again,
                    .what = what + ", but not by S3, which says NoSuchKey",
                    .passes = true};
        default: return {.code = std::errc::protocol_error, .what = what};
    }
}

}  // namespace foldback::s3
