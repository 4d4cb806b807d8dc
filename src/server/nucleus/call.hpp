// One call of the client: what it names and what it carries, read the way the wire format says.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "server/http/request.hpp"
#include "server/http/response.hpp"
#include "server/nucleus/services.hpp"
#include "server/nucleus/wire_out.hpp"

namespace tusker::nucleus {

using catalog::ItemNo;
using catalog::Version;
using http::Request;
using http::Response;
using VersionPtr = std::shared_ptr<const Version>;

class Call {
public:
    Call(const Request& request_in, Services& services_in)
        : request(request_in), services(services_in) {}

    const Request& request;
    Services& services;

    std::string_view param(std::string_view name) const { return request.path_param(name); }
    /// The JSON object in the body; an empty body is {}. 400 if it is none. Read once.
    Result<json::Value> body();
    /// ?async=1
    bool is_async() const;
    catalog::Author author() const;
    /// The dataset of {ds}.
    Result<VersionPtr> version() const;
    Result<VersionPtr> version(std::string_view dataset_id) const;
    /// The objects of a Version as this caller reads them.
    Render render(const Version& version) const;
    /// "http://host:port" as the caller reached this server.
    std::string origin() const;

private:
    std::optional<json::Document> document_;
};

/// Names the item and the dataset.
Result<catalog::Item> item_by_reference(const Version& version, std::string_view reference_id);
Result<catalog::Item> item_by_index(const Version& version, std::string_view index);
Result<catalog::Item> item_by_id(const Version& version, std::string_view di);

/// The run that speaks for the model {model} in a dataset: the only one it has there, else the one
/// that uploadPredictions made. Null if it has none.
Result<const catalog::RunTable*> run_of_model(const Call& call, const Version& version);

/// Raw ids in a path: "REF/ANNOTATION" where both may hold slashes. Tries each split at which the
/// first part is an item; the first that `accepts` it wins.
Result<catalog::Item> split_reference(
    const Version& version, std::string_view path,
    const std::function<bool(const catalog::Item&, std::string_view rest)>& accepts,
    std::string_view what);

/// Texts of a list member; 400 names the element that is none. Absent or null: empty.
Result<std::vector<std::string>> text_list(json::Value body, std::string_view key);
/// A text member that must be there.
Result<std::string> text_member(json::Value body, std::string_view key);
/// An object member as JSON text; empty if absent or null.
Result<std::string> object_member(json::Value body, std::string_view key);

/// PAGE: {"pageToken": null or what the last answer gave, "pageSize"}.
struct Page {
    std::uint64_t start = 0;
    std::size_t size = 0;
    static constexpr std::size_t kSizeMax = 100'000;
    static Result<Page> read(json::Value body);
};
/// Writes key and value of nextPageToken.
void write_next_page(json::Writer& writer, std::optional<std::uint64_t> next);

void write_texts(json::Writer& writer, const std::vector<std::string>& texts);

}  // namespace tusker::nucleus
