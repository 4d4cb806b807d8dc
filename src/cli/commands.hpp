// The subcommands of `tusker`. Each lives in a file X_command.cpp with one function that adds it to
// the app; main.cpp lists those functions. A command parses its options, calls one room and prints;
// what fails comes back as an Error and becomes the exit code there.
#pragma once

#include <functional>

#include "base/error.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the name that CLI11 gave it
class App;
}

namespace tusker::cli {

/// What the chosen command does once the whole command line was understood.
using Action = std::function<Result<void>()>;

/// Adds one subcommand to `app`. Its callback stores the work in `action` and does nothing else, so
/// that a mistake later on the command line is found before anything runs.
using AddCommand = void (*)(CLI::App& app, Action& action);

void add_serve_command(CLI::App& app, Action& action);
void add_link_command(CLI::App& app, Action& action);
void add_key_command(CLI::App& app, Action& action);
void add_routes_command(CLI::App& app, Action& action);
void add_issues_command(CLI::App& app, Action& action);
void add_import_command(CLI::App& app, Action& action);
void add_export_command(CLI::App& app, Action& action);
void add_query_command(CLI::App& app, Action& action);

}  // namespace tusker::cli
