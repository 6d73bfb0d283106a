#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A reply that says in exactly one way what it says (RFC 9112), as no lenient parser would demand.
struct StrictReply {
    unsigned status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    /// Empty when it is absent.
    [[nodiscard]] std::string header(std::string_view name) const;
};

class NotStrict : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// All replies of one connection, from its first byte to its last. `heads` tells which of them, counted from 0 without
/// those of 1xx, answer HEAD. Throws NotStrict: names are lower-case tokens, none occurs twice, every line ends with CR
/// and LF, lengths are right, 1xx, 204, 304 and answers to HEAD have no body and 1xx and 204 no length, the last reply
/// and no other says `connection: close`, and nothing follows it.
[[nodiscard]] std::vector<StrictReply> parse_strictly(std::string_view bytes,
                                                      const std::vector<std::size_t>& heads = {});
