#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "foldback/server/http_message.hpp"
#include "foldback/server/request_handler.hpp"

namespace orders::api {

/// A file of the web folder, as it was built into the program.
struct WebFile {
    std::string_view path;  ///< "/app.js"
    std::string_view type;
    std::string_view bytes;
    std::string_view tag;  ///< an entity tag, with its quotes
};

/// The page or file at a path; 304 when the browser has it, 404 when there is none.
[[nodiscard]] foldback::server::Response page_of(foldback::server::Method method, std::string_view path,
                                                 const std::string* if_none_match);

/// Answers the pages without asking `rest`, so that somebody who is to say who he is sees where to. They hold no data. `rest` must
/// outlive the result.
[[nodiscard]] std::unique_ptr<foldback::server::RequestHandler> with_pages(foldback::server::RequestHandler& rest);

}  // namespace orders::api
