#include "api/routes.hpp"
#include "api/schema.hpp"
#include "foldback/core/codec.hpp"

namespace orders::api {
namespace {

using foldback::to_json;

constexpr std::size_t most_diff_rows = 20;

struct Projection {
    std::string name;
    std::string state;
    std::uint64_t checkpoint = 0;
    std::uint64_t tail = 0;
    std::uint64_t lag_events = 0;
    std::int64_t lag_ms = 0;
    double events_per_second = 0;
    std::uint64_t applied = 0;
    std::uint64_t skipped = 0;
    std::uint64_t parked_events = 0;
    std::string error;
};
BOOST_DESCRIBE_STRUCT(Projection, (),
                      (name, state, checkpoint, tail, lag_events, lag_ms, events_per_second, applied, skipped,
                       parked_events, error))

struct ProjectionList {
    std::vector<Projection> projections;
};
BOOST_DESCRIBE_STRUCT(ProjectionList, (), (projections))

struct Rebuild {
    std::string projection;
    bool under_way = false;
    std::uint64_t events_done = 0;
    std::uint64_t events_total = 0;
    double events_per_second = 0;
    std::optional<std::int64_t> time_left_ms;
    bool caught_up = false;
    std::string error;
};
BOOST_DESCRIBE_STRUCT(Rebuild, (),
                      (projection, under_way, events_done, events_total, events_per_second, time_left_ms, caught_up,
                       error))

struct DiffRow {
    std::vector<std::string> values;
    std::uint64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(DiffRow, (), (values, count))

struct TableDiff {
    std::string table;
    std::vector<std::string> columns;
    std::uint64_t live_rows = 0;
    std::uint64_t rebuilt_rows = 0;
    std::uint64_t only_live = 0;
    std::uint64_t only_rebuilt = 0;
    std::vector<DiffRow> sample_live;
    std::vector<DiffRow> sample_rebuilt;
};
BOOST_DESCRIBE_STRUCT(TableDiff, (),
                      (table, columns, live_rows, rebuilt_rows, only_live, only_rebuilt, sample_live, sample_rebuilt))

struct Diff {
    bool same = true;
    std::uint64_t live = 0;
    std::uint64_t rebuilt = 0;
    std::vector<TableDiff> tables;
};
BOOST_DESCRIBE_STRUCT(Diff, (), (same, live, rebuilt, tables))

Projection as_shown(const foldback::ProjectionStatus& status) {
    return {.name = status.name,
            .state = foldback::name_of(status.state),
            .checkpoint = status.checkpoint.value,
            .tail = status.tail.value,
            .lag_events = status.lag_events,
            .lag_ms = status.lag.count(),
            .events_per_second = status.events_per_second,
            .applied = status.applied,
            .skipped = status.skipped,
            .parked_events = status.parked_events,
            .error = status.error};
}

Rebuild progress_of(Shop& shop, const std::string& name) {
    Rebuild shown{.projection = name};
    const auto progress = shop.projections().rebuild_progress(name);
    if (!progress) return shown;
    shown.under_way = true;
    shown.events_done = progress->events_done;
    shown.events_total = progress->events_total;
    shown.events_per_second = progress->events_per_second;
    if (progress->time_left) shown.time_left_ms = progress->time_left->count();
    shown.caught_up = progress->caught_up;
    shown.error = progress->error;
    return shown;
}

std::vector<DiffRow> rows_of(const std::vector<foldback::DiffRow>& rows) {
    std::vector<DiffRow> shown;
    for (const auto& row : rows) shown.push_back({row.values, row.count});
    return shown;
}

Diff diff_of(Shop& shop, const std::string& name) {
    const auto diff = shop.projections().diff_rebuild(name, most_diff_rows);
    Diff shown{.same = diff.same(), .live = diff.live.value, .rebuilt = diff.rebuilt.value};
    for (const auto& table : diff.tables) {
        shown.tables.push_back({.table = table.table,
                                .columns = table.columns,
                                .live_rows = table.live_rows,
                                .rebuilt_rows = table.rebuilt_rows,
                                .only_live = table.only_live,
                                .only_rebuilt = table.only_rebuilt,
                                .sample_live = rows_of(table.sample_live),
                                .sample_rebuilt = rows_of(table.sample_rebuilt)});
    }
    return shown;
}

/// The projection's name, if there is one of that name. Throws BadCall.
const std::string& projection_of(const Call& call, Shop& shop) {
    const auto& name = call.path.at(0);
    for (const auto& status : shop.projections().statuses()) {
        if (status.name == name) return name;
    }
    throw BadCall(404, "projection-not-found", "there is no projection " + name);
}

/// Runs what the runner may refuse for a projection of this kind, or because no rebuild is under way.
template <class Work>
Response unless_refused(const Work& work) {
    try {
        return work();
    } catch (const std::invalid_argument& refused) {
        throw BadCall(409, "not-now", refused.what());
    }
}

}  // namespace

void add_projection_routes(std::vector<Route>& routes, Shop& shop) {
    const auto add = [&](Method method, std::string_view pattern, std::string_view about, std::string schema,
                         Response (*answer)(const std::string&, Shop&)) {
        routes.push_back({.method = method,
                          .pattern = pattern,
                          .about = about,
                          .answer_schema = std::move(schema),
                          .answer = [&shop, answer](const Call& call) {
                              const auto& name = projection_of(call, shop);
                              return unless_refused([&] { return answer(name, shop); });
                          }});
    };
    routes.push_back({.method = Method::get,
                      .pattern = "/api/projections",
                      .about = "What the projections are doing",
                      .answer_schema = schema_of<ProjectionList>(),
                      .answer = [&shop](const Call&) {
                          ProjectionList list;
                          for (const auto& status : shop.projections().statuses()) {
                              list.projections.push_back(as_shown(status));
                          }
                          return json_response(to_json(list));
                      }});
    add(Method::post, "/api/projections/{name}/rebuild", "Build the tables anew, beside the live ones",
        schema_of<Rebuild>(), [](const std::string& name, Shop& of) {
            of.projections().start_rebuild(name);
            return json_response(to_json(progress_of(of, name)), 202);
        });
    add(Method::get, "/api/projections/{name}/rebuild", "How far a rebuild has come", schema_of<Rebuild>(),
        [](const std::string& name, Shop& of) { return json_response(to_json(progress_of(of, name))); });
    add(Method::remove, "/api/projections/{name}/rebuild", "Give a rebuild up", schema_of<Rebuild>(),
        [](const std::string& name, Shop& of) {
            of.projections().discard_rebuild(name);
            return json_response(to_json(progress_of(of, name)));
        });
    add(Method::get, "/api/projections/{name}/rebuild/diff", "How the new rows differ from the live ones",
        schema_of<Diff>(), [](const std::string& name, Shop& of) { return json_response(to_json(diff_of(of, name))); });
    add(Method::post, "/api/projections/{name}/rebuild/swap", "Put the new tables in the place of the live ones",
        schema_of<Rebuild>(), [](const std::string& name, Shop& of) {
            of.projections().swap_rebuild(name);
            return json_response(to_json(progress_of(of, name)));
        });
}

}  // namespace orders::api
