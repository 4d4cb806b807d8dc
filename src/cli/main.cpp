// The one program: `tusker COMMAND …`. Exit codes: 0 done, 1 refused or failed, 2 bad use.
#include <cstdio>
#include <exception>
#include <new>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace tusker::cli {
namespace {

/// Every subcommand, in the order of `tusker --help`.
constexpr AddCommand kCommands[] = {add_serve_command,  add_link_command,   add_key_command,
                                    add_issues_command, add_import_command, add_export_command,
                                    add_query_command,  add_routes_command};

constexpr int kBadUse = 2;

int report(const Error& error) {
    std::fprintf(stderr, "tusker: %s\n", error.message.c_str());
    return exit_code(error.code);
}

int run(int argc, char** argv) {
    CLI::App app("Tusker shows what is in a dataset, finds its wrong labels and corrects them.",
                 "tusker");
    app.set_version_flag("--version", TUSKER_VERSION);
    app.require_subcommand(1);
    app.footer("\n`tusker COMMAND --help` explains a command by examples.");
    Action action;
    for (const AddCommand add : kCommands) add(app, action);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kBadUse;
    }
    const Result<void> done = action();
    return done ? 0 : report(done.error());
}

}  // namespace
}  // namespace tusker::cli

int main(int argc, char** argv) {
    try {
        return tusker::cli::run(argc, argv);
    } catch (const std::bad_alloc&) {
        std::fputs("tusker: not enough memory\n", stderr);
        return 1;
    } catch (const std::exception& error) {  // what a library threw past its room
        std::fprintf(stderr, "tusker: %s\n", error.what());
        return 1;
    }
}
