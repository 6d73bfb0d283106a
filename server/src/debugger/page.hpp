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

/// The file at a path below `/debug/`; "" is index.html. Null when there is none.
[[nodiscard]] const Asset* find_asset(std::string_view path);
/// A file, or that the browser has it already.
[[nodiscard]] Response asset_response(const Asset& asset, const Request& request);

/// What every answer of the debugger gets: headers that keep the browser to this page, and compression where it is wanted.
void finish_response(Response& response, const Request& request);

/// A list of streams, or of a stream's events, as HTML without any script. `path` is what follows `/debug/raw/`.
[[nodiscard]] Response raw_page(Context& context, const std::string& path, const Parameters& parameters);

}  // namespace foldback::server::debugger
