#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

namespace foldback::server::http {

/// Shows what was read of a reply to a parser of Beast's. In place of Beast's own reading, which shows the beginning of a last
/// chunk twice before the chunk is whole, whereupon the parser aborts the process.
class ReplyFeed {
public:
    /// Takes from `unread` what the parser, as eager as its owner made it, can use; false when it needs more to get on, or there is an `error`.
    template <class Parser>
    [[nodiscard]] bool feed(Parser& parser, boost::beast::flat_buffer& unread, boost::system::error_code& error) {
        error = {};
        if (unread.size() < (has_left_some_ ? smallest_chunk_bytes : 1)) return false;
        const auto taken = parser.put(unread.data(), error);
        unread.consume(taken);
        has_left_some_ = unread.size() > 0 && error == boost::beast::http::error::need_more;
        if (error == boost::beast::http::error::need_more) error = {};
        return taken > 0 && !error;
    }

    /// The connection has ended: whether the reply ends with it.
    template <class Parser>
    static boost::system::error_code end(Parser& parser) {
        boost::system::error_code error = boost::beast::http::error::end_of_stream;
        if (parser.got_some()) parser.put_eof(error);
        return error;
    }

private:
    static constexpr std::size_t smallest_chunk_bytes = 5;  // 0, CR LF, CR LF
    bool has_left_some_ = false;                            ///< the parser knows the unread bytes and waits for more
};

}  // namespace foldback::server::http
