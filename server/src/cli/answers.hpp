#pragma once

#include <string>

#include "cli/failure.hpp"
#include "cli/http_client.hpp"

/// What answers of a server mean to whoever runs a command.
namespace foldback::cli {

/// The failure that a response with an error status stands for. `stream` is the name the user gave.
[[nodiscard]] Failure failure_of(const HttpResponse& response, const std::string& stream);

/// The failure of an exchange that did not come about.
[[nodiscard]] Failure failure_of(const HttpError& error);

/// Throws `failure_of` unless the status is 2xx.
void require_success(const HttpResponse& response, const std::string& stream);

/// A header that the protocol requires. Throws Failure (unreachable): whoever answers is no stream server.
[[nodiscard]] const std::string& require_header(const HttpResponse& response, std::string_view name);

/// Refuses a name that no stream can have. Throws Failure (usage).
void require_stream_name(const std::string& stream);

/// The word as it may be typed into a shell.
[[nodiscard]] std::string shell_word(const std::string& word);

}  // namespace foldback::cli
