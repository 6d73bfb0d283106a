#include "cli/s3_credentials.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "cli/failure.hpp"
#include "cli/trimmed.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t max_file_bytes = 64 << 10;

std::string text_of(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text(max_file_bytes + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.empty() || text.size() > max_file_bytes)
        throw std::runtime_error("the credentials in " + file + " cannot be read");
    return text;
}

void take(S3Credentials& into, std::string_view name, std::string_view value) {
    if (name == "aws_access_key_id") into.access_key = value;
    if (name == "aws_secret_access_key") into.secret_key = value;
    if (name == "aws_session_token") into.session_token = value;
}

bool is_whole(const S3Credentials& credentials) {
    return !credentials.access_key.empty() && !credentials.secret_key.empty();
}

}  // namespace

S3Credentials read_s3_credentials(const std::string& file, const std::string& profile) {
    const auto text = text_of(file);
    S3Credentials credentials;
    bool is_ours = false;
    for (std::string_view rest = text; !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto line = trimmed(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.starts_with('[') && line.ends_with(']')) is_ours = trimmed(line.substr(1, line.size() - 2)) == profile;
        const auto sign = line.find('=');
        if (!is_ours || sign == std::string_view::npos || line.starts_with('#') || line.starts_with(';')) continue;
        take(credentials, trimmed(line.substr(0, sign)), trimmed(line.substr(sign + 1)));
    }
    if (is_whole(credentials)) return credentials;
    throw std::runtime_error(file + " has no aws_access_key_id and aws_secret_access_key in the section [" + profile +
                             "]");
}

std::function<S3Credentials()> s3_credentials_of(const ServeSettings& settings, const Environment& environment) {
    const auto variable = [&](const char* name) { return environment(name).value_or(""); };
    S3Credentials credentials{.access_key = variable("AWS_ACCESS_KEY_ID"),
                              .secret_key = variable("AWS_SECRET_ACCESS_KEY"),
                              .session_token = variable("AWS_SESSION_TOKEN")};
    if (settings.archive_credentials.empty() && is_whole(credentials)) return [credentials] { return credentials; };

    const auto file =
        settings.archive_credentials.empty() ? variable("AWS_SHARED_CREDENTIALS_FILE") : settings.archive_credentials;
    if (file.empty()) {
        throw Failure(ExitCode::refused, "there are no credentials for " + settings.archive,
                      "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file: --archive-credentials FILE");
    }
    const auto profile = environment("AWS_PROFILE").value_or("default");
    try {
        (void)read_s3_credentials(file, profile);
    } catch (const std::runtime_error& error) {
        throw Failure(ExitCode::refused, error.what(),
                      "It has a line [default], and below it aws_access_key_id = … and aws_secret_access_key = …");
    }
    return [file, profile] { return read_s3_credentials(file, profile); };
}

}  // namespace foldback::cli
