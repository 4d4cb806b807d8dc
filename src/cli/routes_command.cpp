// tusker routes: the tables of routes as documents. For those who work on Tusker; hidden from
// --help.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "server/nucleus/routes.hpp"

namespace tusker::cli {

void add_routes_command(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("routes", "Print docs/compatibility.md");
    command->group("");
    // Named by what it prints, so that another form can stand beside it.
    auto markdown = std::make_shared<bool>(false);
    command->add_flag("--markdown", *markdown, "As Markdown")->required();
    command->callback([markdown, &action] {
        action = []() -> Result<void> {
            const auto page = nucleus::compatibility_page();
            std::fwrite(page.data(), 1, page.size(), stdout);
            return {};
        };
    });
}

}  // namespace tusker::cli
