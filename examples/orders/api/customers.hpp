#pragma once

#include <memory>

#include "foldback/server/request_handler.hpp"
#include "foldback/store/stream_store.hpp"

namespace orders::api {

/// Lets a customer read the streams of his own orders and nothing else. Stands behind foldback::server::with_access: a
/// principal is the customer of the same name (`token:Ada` is Ada), and may beside that what the access file grants him.
/// `/api/` and `/metrics` are for those with the verb `admin`. Both must outlive the result.
[[nodiscard]] std::unique_ptr<foldback::server::RequestHandler> with_customers(foldback::StreamStore& store,
                                                                               foldback::server::RequestHandler& rest);

}  // namespace orders::api
