#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "foldback/store/stream_store.hpp"
#include "remote/caller.hpp"
#include "remote/own_append.hpp"

namespace foldback::remote {

/// What an answer without a result means for a write. One whose earlier answer was lost may have been made.
[[nodiscard]] Refused refusal_of(const Answer& answer);

/// The writes of our server's clients, from the first request to a certain outcome.
class FoldbackWrites {
public:
    explicit FoldbackWrites(Caller& caller) : caller_(caller) {}

    Task<Result<std::vector<Appended>>> append(std::vector<AppendRequest> requests);
    Task<Result<Created>> create(CreateRequest request);
    Task<Result<std::monostate>> remove(StreamPath stream);
    Task<Result<Offset>> truncate_before(StreamPath stream, Offset offset);

private:
    /// What lies at a part's place, and where that is.
    struct Look {
        Found found = Found::nothing;
        Appended at{};
    };

    Task<Result<std::vector<Appended>>> settle(const std::vector<AppendRequest>& requests, Refused refused);
    Task<Look> look_at(const AppendRequest& request);
    Task<bool> fill_gaps(const std::vector<AppendRequest>& requests, std::vector<Appended>& appended);
    Task<std::optional<Appended>> locate(const AppendRequest& request, Appended at);
    Task<Result<ReadPage>> read(const Call& call);
    Task<Result<StreamInfo>> head(const StreamPath& stream);
    Task<bool> may_begin_with(const CreateRequest& request);
    Task<Result<Created>> created(const CreateRequest& request, const Answer& answer);

    Caller& caller_;
};

/// The request for a page of a stream. `max_messages` and `max_bytes` as in ReadRequest.
[[nodiscard]] Call page_call(const ReadRequest& request);
[[nodiscard]] Call feed_call(const FeedRequest& request);
[[nodiscard]] Call info_call(const StreamPath& stream);
[[nodiscard]] std::string stream_url_path(const StreamPath& stream);

}  // namespace foldback::remote
