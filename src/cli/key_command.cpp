// tusker link, tusker key: who may use a server. A running server is asked; else the data directory
// is opened, which its owner may do.
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "access/access.hpp"
#include "base/json.hpp"
#include "cli/commands.hpp"
#include "cli/remote.hpp"
#include "server/http/url.hpp"
#include "storage/data_folder/data_folder.hpp"

namespace tusker::cli {

namespace {

struct KeyOptions {
    RemoteOptions remote;
    std::string next = "/";
    std::string name;
    std::string role = "curator";
    std::string key_id;
    bool json = false;
};

std::string text_of(const json::Value& object, std::string_view member) {
    const auto value = object.find_value(member);
    return std::string(value ? value->as_string().value_or("") : "");
}

Result<void> link(const KeyOptions& options) {
    const auto remote = TUSKER_TRY(require_remote(options.remote));
    json::Writer body;
    body.object().member("next", options.next).end();
    const auto answer = TUSKER_TRY(ask(remote, "POST", "/api/sign-in-links", body.text()));
    const auto document = TUSKER_TRY(json::Document::parse(answer));
    std::printf("%s\n", text_of(document.root(), "url").c_str());
    return {};
}

/// The JSON that the server would answer, from the directory that no server holds.
template <class Work>
Result<std::string> in_folder(const KeyOptions& options, Work work) {
    const auto lock = TUSKER_TRY(data_folder::DataLock::take(options.remote.data));
    const auto access = TUSKER_TRY(access::Access::open(options.remote.data));
    return work(*access);
}

void write_key(json::Writer& writer, const access::Key& key) {
    writer.member("id", key.id)
        .member("name", key.name)
        .member("role", access::role_name(key.role));
}

Result<void> create(const KeyOptions& options) {
    const auto remote = TUSKER_TRY(find_remote(options.remote));
    json::Writer body;
    body.object().member("name", options.name).member("role", options.role).end();
    const auto in_place = [&](access::Access& access) -> Result<std::string> {
        const auto made = TUSKER_TRY(
            access.create_key(options.name, *access::parse_role(options.role), "tusker key"));
        json::Writer writer;
        writer.object();
        write_key(writer, made.key);
        writer.member("secret", made.secret).end();
        return writer.take();
    };
    const auto answer = TUSKER_TRY(remote ? ask(*remote, "POST", "/api/keys", body.text())
                                          : in_folder(options, in_place));
    const auto document = TUSKER_TRY(json::Document::parse(answer));
    if (options.json) {
        std::printf("%s\n", answer.c_str());
        return {};
    }
    std::printf("%s\n", text_of(document.root(), "secret").c_str());
    std::fprintf(stderr, "%s \"%s\", role %s; this secret is not shown again\n",
                 text_of(document.root(), "id").c_str(), options.name.c_str(),
                 options.role.c_str());
    return {};
}

Result<void> list(const KeyOptions& options) {
    const auto remote = TUSKER_TRY(find_remote(options.remote));
    const auto in_place = [](access::Access& access) -> Result<std::string> {
        json::Writer writer;
        writer.object().key("keys").array();
        for (const auto& key : access.keys()) {
            writer.object();
            write_key(writer, key);
            writer.end();
        }
        writer.end().end();
        return writer.take();
    };
    const auto answer =
        TUSKER_TRY(remote ? ask(*remote, "GET", "/api/keys") : in_folder(options, in_place));
    if (options.json) {
        std::printf("%s\n", answer.c_str());
        return {};
    }
    const auto document = TUSKER_TRY(json::Document::parse(answer));
    const auto keys = document.root().find_value("keys");
    if (!keys) return {};
    return keys->for_each([](const json::Value& key) {
        std::printf("%-26s %-9s %s\n", text_of(key, "id").c_str(), text_of(key, "role").c_str(),
                    text_of(key, "name").c_str());
    });
}

Result<void> revoke(const KeyOptions& options) {
    const auto remote = TUSKER_TRY(find_remote(options.remote));
    const auto in_place = [&](access::Access& access) -> Result<std::string> {
        TUSKER_TRY(access.revoke_key(options.key_id));
        return "{}";
    };
    TUSKER_TRY(remote ? ask(*remote, "DELETE", "/api/keys/" + http::percent_encode(options.key_id))
                      : in_folder(options, in_place));
    std::printf("revoked %s\n", options.key_id.c_str());
    return {};
}

}  // namespace

void add_link_command(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("link", "Print a link that signs a browser in, once");
    auto options = std::make_shared<KeyOptions>();
    add_remote_options(*command, options->remote);
    command->add_option("--next", options->next, "Page that the link opens")->capture_default_str();
    command->footer(
        "\nExamples:\n"
        "  tusker link\n"
        "  tusker link --data /srv/tusker --next /d/ds_…\n"
        "  tusker link --url http://127.0.0.1:9000 --key live_…");
    command->callback([options, &action] { action = [options] { return link(*options); }; });
}

void add_key_command(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("key", "Make, list and revoke API keys");
    command->require_subcommand(1);
    auto options = std::make_shared<KeyOptions>();
    auto* create_key = command->add_subcommand("create", "Make a key; prints its secret once");
    create_key->add_option("--name", options->name, "Who uses it; provenance shows this")
        ->required();
    create_key->add_option("--role", options->role, "What it may do")
        ->check(CLI::IsMember({"admin", "curator", "reviewer", "tasker"}))
        ->capture_default_str();
    auto* list_keys = command->add_subcommand("list", "The keys that live");
    auto* revoke_key = command->add_subcommand("revoke", "End a key and its sessions at once");
    revoke_key->add_option("key_id", options->key_id, "key_… of `tusker key list`")->required();
    for (auto* one : {create_key, list_keys, revoke_key}) add_remote_options(*one, options->remote);
    for (auto* one : {create_key, list_keys}) one->add_flag("--json", options->json, "Print JSON");
    command->footer(
        "\nExamples:\n"
        "  tusker key create --name ci --role curator\n"
        "  tusker key list --data /srv/tusker\n"
        "  tusker key revoke key_… --url http://127.0.0.1:9000 --key live_…");
    create_key->callback([options, &action] { action = [options] { return create(*options); }; });
    list_keys->callback([options, &action] { action = [options] { return list(*options); }; });
    revoke_key->callback([options, &action] { action = [options] { return revoke(*options); }; });
}

}  // namespace tusker::cli
