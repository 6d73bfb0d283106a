#include <algorithm>
#include <memory>

#include "foldback/postgres/postgres_log.hpp"
#include "log/shared_log.hpp"
#include "postgres/connection.hpp"
#include "postgres/schema.hpp"

namespace foldback {
namespace postgres {
namespace {

/// Of the log, that is removed by one transaction: nobody appends meanwhile.
constexpr std::uint64_t removal_bytes = 8 << 20;

class PostgresSegments final : public SharedSegments {
public:
    explicit PostgresSegments(PostgresLogOptions options) : options_(std::move(options)) {
        with_session([&] {
            connect();
            origin_ = open_schema(*session_, options_.segment_bytes);
        });
    }

    const log::SharedOrigin& origin() const noexcept override { return origin_; }

    bool try_lead() override {
        with_session([&] {
            if (!session_) connect();
            if (leads_) return;
            session_->run("SELECT pg_try_advisory_lock('foldback_log'::regclass::oid::int, 3)::int::bigint", {},
                          [&](const Row& row) { leads_ = row.number(0) == 1; });
        });
        return leads_;
    }

    std::uint64_t last() override {
        return first_number("SELECT segment FROM foldback_commits ORDER BY segment DESC, byte DESC LIMIT 1");
    }

    std::uint64_t first_held() override {
        return first_number(
            "SELECT segment FROM foldback_commits GROUP BY segment HAVING count(*) > 1 ORDER BY segment LIMIT 1");
    }

    log::LastCommit seal(std::uint64_t number) override {
        log::LastCommit seal;
        run("SELECT byte, crc FROM foldback_commits WHERE segment = $1::bigint AND crc IS NOT NULL ORDER BY byte DESC "
            "LIMIT 1",
            {in_row(number)}, [&](const Row& row) {
                seal = {.place = {.segment = number, .byte = static_cast<std::uint64_t>(row.number(0))},
                        .crc = static_cast<std::uint32_t>(row.number(1))};
            });
        if (seal.place.segment == 0)
            throw StorageError("the database holds nothing of segment " + std::to_string(number));
        return seal;
    }

    void read(std::uint64_t number, const std::function<void(const log::SharedCommit&)>& on_commit) override {
        CommitRows rows(on_commit);
        run("SELECT segment, byte, crc, header, data FROM foldback_commits WHERE segment = $1::bigint ORDER BY byte",
            {in_row(number)}, [&](const Row& row) { rows.add(row); });
        rows.finish();
    }

    /// Under a lock that appends wait for: one that began before it is over, and one that comes after it sees what was removed. So nobody
    /// finds what he follows still there and his place free already. Whole commits: none begins in the middle.
    void remove(const log::LastCommit& seal) override {
        const auto& place = seal.place;
        for (auto end = std::min(place.byte, removal_bytes);; end = std::min(place.byte, end + removal_bytes)) {
            run("BEGIN");
            run("SET LOCAL lock_timeout = '200ms'");
            run("LOCK TABLE foldback_commits IN SHARE ROW EXCLUSIVE MODE");
            run("DELETE FROM foldback_commits WHERE segment = $1::bigint AND byte < (SELECT min(byte) FROM "
                "foldback_commits WHERE segment = $1::bigint AND byte >= $2::bigint AND crc IS NOT NULL) AND EXISTS "
                "(SELECT FROM foldback_commits WHERE segment = $1::bigint AND byte = $3::bigint AND crc = $4::bigint)",
                {in_row(place.segment), in_row(end), in_row(place.byte), std::int64_t{seal.crc}});
            run("COMMIT");
            if (end == place.byte) return;
        }
    }

private:
    void connect() {
        leads_ = false;
        session_ = std::make_unique<Connection>(options_.url, options_.answer_timeout, options_.schema);
        prepare_session(*session_);
    }

    /// A session that fails is given up, and with it what it leads and a transaction that it is in.
    template <class Work>
    void with_session(Work work) {
        try {
            work();
            return;
        } catch (const ConnectionLost& lost) {
            end_session();
            throw StoreUnavailable(lost.what());
        } catch (const SqlError& error) {
            end_session();
            throw StoreUnavailable(error.what());
        } catch (...) {
            end_session();
            throw;
        }
    }

    void end_session() noexcept {
        session_.reset();
        leads_ = false;
    }

    void run(const char* sql, Parameters parameters = {}, const std::function<void(const Row&)>& on_row = {}) {
        if (!leads_) throw StoreUnavailable("the session that moves segments is lost");
        with_session([&] { session_->run(sql, parameters, on_row); });
    }

    std::uint64_t first_number(const char* sql) {
        std::uint64_t number = 0;
        run(sql, {}, [&](const Row& row) { number = static_cast<std::uint64_t>(row.number(0)); });
        return number;
    }

    const PostgresLogOptions options_;
    log::SharedOrigin origin_;
    std::unique_ptr<Connection> session_;
    bool leads_ = false;
};

}  // namespace
}  // namespace postgres

std::shared_ptr<SharedSegments> open_postgres_segments(PostgresLogOptions options) {
    return std::make_shared<postgres::PostgresSegments>(std::move(options));
}

}  // namespace foldback
