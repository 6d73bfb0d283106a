#include "foldback/app/command_handler.hpp"

#include <stdexcept>
#include <string>

#include <boost/core/demangle.hpp>

namespace foldback::detail {

void throw_not_bound(const char* type_name) {
    throw std::invalid_argument("no decision is bound to the command " + boost::core::demangle(type_name));
}

void require_unbound(bool is_new, const char* type_name) {
    if (!is_new) throw std::invalid_argument("the command " + boost::core::demangle(type_name) + " is bound twice");
}

}  // namespace foldback::detail
