#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fault/disk.hpp"
#include "foldback/store/log_store.hpp"
#include "model/comparison.hpp"
#include "model/model.hpp"
#include "model/operations.hpp"

namespace foldback::fault {

/// What a store must hold once so many disk operations were done: what it had acknowledged by then.
struct Moment {
    std::size_t disk_operations = 0;
    model::Model model;
    std::int64_t now_ms = 0;  ///< since the story's beginning
};

/// What a store did, from its first opening to its closing: every disk operation, and between them what it promised.
struct Story {
    explicit Story(LogStoreOptions with) : options(std::move(with)) { options.clock = &clock; }

    ManualClock clock;
    LogStoreOptions options;
    std::vector<DiskOperation> disk_operations;
    std::vector<Moment> moments;  ///< the first: nothing
};

/// Makes a story: a store in a directory of its own, a model beside it, and a record of the disk.
class Teller {
public:
    /// What a script does to the store. Every outcome is compared with the model's; throws model::Mismatch.
    void create(CreateRequest request);
    void append(AppendRequest request);
    void append_all(std::vector<AppendRequest> requests);
    void remove(const std::string& path);
    void truncate(const std::string& path, std::uint64_t before);
    void random_operation();
    /// One of the pieces of work that a store without threads leaves to its owner.
    void work(LogStore::Work work);
    void expire_after(std::chrono::milliseconds time);
    void reopen();

    /// Everything that can be seen, compared with the model.
    void look();

    /// Called around every call of the store that changes it: true before, false after.
    std::function<void(bool)> around_calls = [](bool) {};

    [[nodiscard]] Random& random() noexcept { return random_; }
    /// Another text with every call, about so many bytes long.
    [[nodiscard]] std::string text(std::size_t size);
    [[nodiscard]] Messages json(std::size_t count, std::size_t size);

private:
    friend std::unique_ptr<Story> tell(std::uint64_t seed, const LogStoreOptions& options,
                                       const std::function<void(Teller&)>& script);
    friend class FaultRun;
    Teller(Story& story, std::uint64_t seed, std::filesystem::path directory);

    void open();
    void acknowledged();
    template <class Request, class Call>
    void perform(const Request& request, Call call);
    template <class Call>
    auto inside(Call call);

    Story& story_;
    Random random_;
    std::filesystem::path directory_;
    std::function<std::size_t()> recorded_;
    std::unique_ptr<LogStore> store_;
    model::Model model_;
    model::Generator generator_;
    std::uint64_t texts_ = 0;
    bool may_be_full_ = false;
    std::optional<model::Model> in_doubt_;  ///< what may also have happened, as a call failed
};

using Script = std::function<void(Teller&)>;

[[nodiscard]] std::unique_ptr<Story> tell(std::uint64_t seed, const LogStoreOptions& options, const Script& script);

/// Where stories happen: in memory where that is possible, since power is only lost in our imagination.
[[nodiscard]] std::filesystem::path fast_directory();

/// The name of a store's directory below the watched one, which itself is there already.
inline constexpr const char* store_name = "data";

/// A store by hand whose files are so small that a short story fills several.
[[nodiscard]] LogStoreOptions small_store(std::uint64_t segment_bytes = 16 << 10);

}  // namespace foldback::fault
