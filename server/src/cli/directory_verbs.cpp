#include "cli/verb_tree.hpp"

/// The verbs of a data directory.
namespace foldback::cli {

void add_directory_verbs(VerbTree& tree) {
    const std::string group = "Data directory";
    const auto add = [&](auto verb, const std::string& data_meaning) {
        verb->add_option("--data", tree.common().data, data_meaning)->type_name("DIR");
        tree.add_common(*verb);
        tree.add_json(*verb);
    };
    auto* verify = tree.add_verb<VerifyCommand>(tree.program(), "verify", group,
                                                "check every byte of a store, also while it is served")
                       .first;
    add(verify, "the data directory");
    tree.add_progress(*verify);
    auto* salvage = tree.add_verb<SalvageCommand>(tree.program(), "salvage", group,
                                                  "cut a damaged store before the damage; throws nothing away")
                        .first;
    add(salvage, "the data directory");
    auto [scavenge, sc] = tree.add_verb<ScavengeCommand>(
        tree.program(), "scavenge", group, "give back the space of deleted data now, while no server runs");
    scavenge->add_option("--dead-fraction", sc->dead_fraction, "rewrite segments with more deleted data than this")
        ->type_name("FRACTION")
        ->default_str("0.05")
        ->check(CLI::Range(0.0, 1.0).description(""));
    add(scavenge, "the data directory");
    tree.add_progress(*scavenge);
    auto* stats = tree.add_verb<StatsCommand>(tree.program(), "stats", group, "print the size of a store").first;
    add(stats, "the data directory");
    auto [backup, b] =
        tree.add_verb<BackupCommand>(tree.program(), "backup", group, "copy a store, also while it is served");
    backup->add_option("repository", b->repository, "directory of the backups")->required();
    backup->add_option("--keep", b->keep, "then forget all but the newest backups")
        ->type_name("N")
        ->check(between(1, 1'000'000));
    backup->add_flag("--list", b->list, "print the backups that are there instead");
    add(backup, "the data directory");
    tree.add_progress(*backup);
    auto [restore, r] =
        tree.add_verb<RestoreCommand>(tree.program(), "restore", group, "make a data directory of a backup");
    restore->add_option("repository", r->repository, "directory of the backups")->required();
    restore->add_option("--backup", r->backup, "which one; the newest, or the oldest that reaches the moment")
        ->type_name("NAME");
    auto* position = restore->add_option("--position", r->position, "as it was before the message of this position")
                         ->type_name("N")
                         ->transform(whole_number());
    restore->add_option("--before", r->before, "as it was then, such as 2030-01-01T00:00:00Z")
        ->type_name("TIME")
        ->excludes(position);
    add(restore, "the directory to make; it must not exist, or be empty");
    tree.add_progress(*restore);
    for (auto* verb : {verify, salvage, scavenge, stats, restore}) verb->get_option("--data")->required();
}

}  // namespace foldback::cli
