#pragma once

#include <span>
#include <string_view>

#include "debugger/context.hpp"

/// What a browser gets: the page's files, and plain lists for those without JavaScript.
namespace foldback::server::debugger {

/// A file of server/web, as it was when the program was built.
struct Asset {
    std::string_view name;  ///< such as "debugger.js"
    std::string_view type;  ///< media type
    std::string_view content;
    std::string_view hash;  ///< of the content, hexadecimal
};

[[nodiscard]] std::span<const Asset> assets();

/// Whether the page has something at a path of the program: a file of it below `/debug/`, which is index.html itself, or where
/// `/debug` leads.
[[nodiscard]] bool is_of_page(std::string_view path);
/// That file, or that the browser has it already. Precondition: `is_of_page(path)`.
[[nodiscard]] Response page_response(std::string_view path, const Request& request);

/// What every answer of the debugger gets: headers that keep the browser to this page, and compression where it is wanted.
void finish_response(Response& response, const Request& request);

/// A list of streams, or of a stream's events, as HTML without any script. `path` is what follows `/debug/raw/`.
/// A problem document as a page, with a way back to the streams.
[[nodiscard]] Response raw_problem(const Response& problem);
[[nodiscard]] Response raw_page(Context& context, const std::string& path, const Parameters& parameters);

}  // namespace foldback::server::debugger
