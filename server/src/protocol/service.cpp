#include "protocol/service.hpp"

#include "protocol/problem.hpp"

namespace foldback::server::protocol {

Response internal_error(const Service& service, const char* what) {
    if (service.report) service.report(what);
    return to_response(Problem(500, "internal", "The request failed. The server's log says why."));
}

}  // namespace foldback::server::protocol
