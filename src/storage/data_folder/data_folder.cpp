#include "storage/data_folder/data_folder.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/json.hpp"

namespace tusker::data_folder {

namespace {

std::filesystem::path lock_file(const std::filesystem::path& folder) { return folder / "lock"; }

/// {"process_id":7,"address":"127.0.0.1","port":8080}. A half-written text names nobody.
Holder read_holder(const File& file) {
    Holder holder;
    const auto size = file.size();
    const auto text = size ? file.read_at(0, *size) : Result<std::string>();
    if (!text) return holder;
    const auto document = json::Document::parse(*text);
    if (!document) return holder;
    const auto root = document->root();
    const auto number = [&](std::string_view key) {
        const auto member = root.find_value(key);
        return member ? member->as_int().value_or(0) : 0;
    };
    holder.process_id = static_cast<int>(number("process_id"));
    holder.port = static_cast<std::uint16_t>(number("port"));
    if (const auto address = root.find_value("address"))
        holder.address = address->as_string().value_or("");
    return holder;
}

Result<void> write_holder(File& file, const Holder& holder) {
    json::Writer writer;
    writer.object()
        .member("process_id", holder.process_id)
        .member("address", holder.address)
        .member("port", holder.port)
        .end();
    TUSKER_TRY(file.truncate(0));
    return file.append(writer.take() + "\n");
}

}  // namespace

std::string Holder::url() const {
    const bool everywhere = address == "0.0.0.0" || address == "::" || address.empty();
    const bool six = address.find(':') != std::string::npos && !everywhere;
    const auto host = everywhere ? "127.0.0.1" : six ? "[" + address + "]" : address;
    return fmt::format("http://{}:{}", host, port);
}

Result<DataLock> DataLock::take(const std::filesystem::path& folder) {
    std::error_code code;
    // A new folder is its owner's alone: it will hold keys and other people's pictures.
    if (std::filesystem::create_directories(folder, code))
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
    if (code)
        return fail(ErrorCode::Forbidden,
                    fmt::format("data directory {}: {}", folder.string(), code.message()));
    auto file = TUSKER_TRY(File::open(lock_file(folder), File::Mode::Append));
    if (::flock(file.descriptor(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return fail(ErrorCode::Internal,
                        fmt::format("{}: {}", lock_file(folder).string(), std::strerror(errno)));
        const auto reader = TUSKER_TRY(File::open(lock_file(folder), File::Mode::Read));
        const auto holder = read_holder(reader);
        return fail(ErrorCode::Conflict,
                    fmt::format("data directory {}: process {} holds it{}", folder.string(),
                                holder.process_id,
                                holder.port != 0 ? " and serves it on " + holder.url() : ""));
    }
    TUSKER_TRY(write_holder(file, {.process_id = ::getpid(), .address = {}}));
    return DataLock(std::move(file));
}

Result<void> DataLock::announce(const std::string& address, std::uint16_t port) {
    return write_holder(file_, {.process_id = ::getpid(), .address = address, .port = port});
}

Result<std::optional<Holder>> find_holder(const std::filesystem::path& folder) {
    if (!std::filesystem::is_directory(folder))
        return not_found(fmt::format("data directory {}: there is none", folder.string()));
    if (!std::filesystem::exists(lock_file(folder))) return std::nullopt;
    const auto file = TUSKER_TRY(File::open(lock_file(folder), File::Mode::Read));
    if (::flock(file.descriptor(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
    return read_holder(file);
}

}  // namespace tusker::data_folder
