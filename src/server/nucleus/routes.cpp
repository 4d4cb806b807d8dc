#include "server/nucleus/routes.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "server/nucleus/route_specs.hpp"

namespace tusker::nucleus {
namespace {

http::Route bind(const RouteSpec& spec, Services& services) {
    return {.method = spec.method,
            .pattern = fmt::format("/v1/nucleus/{}", spec.path),
            .role = spec.role,
            .handler = spec.function == nullptr ? nullptr : http::handler(spec.function, services),
            .summary = std::string(spec.summary),
            .answers = std::string(spec.answers),
            .body_bytes_max = 0,
            .tier = std::string(spec.tier),
            .number = spec.number};
}

std::string rows(std::span<const RouteSpec> specs) {
    std::string text = "| client | route |\n|---|---|\n";
    for (const auto& spec : specs)
        text += fmt::format("| {} | {} `{}` |\n", spec.summary, http::method_name(spec.method),
                            spec.path);
    return text;
}

}  // namespace

http::RouteTable routes(Services& services) {
    http::RouteTable table{.family = "nucleus", .routes = {}};
    for (const auto& spec : served_routes()) table.routes.push_back(bind(spec, services));
    for (const auto& spec : refused_routes()) table.routes.push_back(bind(spec, services));
    // What item URLs of this family point to.
    table.routes.push_back({.method = http::Method::Get,
                            .pattern = "/v1/nucleus/picture/{di}",
                            .role = std::nullopt,
                            .handler = http::handler(picture, services),
                            .summary = "an uploaded picture; the address carries its own right"});
    return table;
}

Result<std::unique_ptr<Services>> open(const std::filesystem::path& data, catalog::Catalog& catalog,
                                       jobs::Jobs& jobs, media::Media& media,
                                       const access::Access& access, const Pool& pool) {
    auto uploads = TUSKER_TRY(Uploads::open(data / "nucleus-uploads"));
    auto settings = TUSKER_TRY(DatasetSettings::open(data / "nucleus.sqlite"));
    return std::unique_ptr<Services>(new Services{.catalog = catalog,
                                                  .jobs = jobs,
                                                  .media = media,
                                                  .access = access,
                                                  .pool = pool,
                                                  .uploads = std::move(uploads),
                                                  .settings = std::move(settings)});
}

std::string compatibility_page() {
    return fmt::format(
        R"(# What works with the scale-nucleus client

Printed by `tusker routes --markdown` from the table of routes; do not edit.

Tested with the unmodified clients 0.22.3 and 0.18.4 from PyPI: `tests/nucleus/`.

```python
import nucleus

client = nucleus.NucleusClient(api_key="live_…", endpoint="http://127.0.0.1:8080/v1/nucleus")
```

- Objects are boxes, polygons and categories, in annotations and predictions. Others (lines,
  keypoints, cuboids, multicategories) are refused one by one in `errors`; masks and scenes with 501.
- A dataset may be made for scenes, but takes none yet. Taxonomies of type multicategory are kept.
- Embedding vectors that come with items and boxes are not kept.
- Pictures given by URL stay where they are: Tusker fetches nothing. Uploaded ones get an address
  on this server that carries its own right and expires after a month.
- A model run is of one dataset.
- The index of `Model.predictions_iloc` counts the items that have such predictions.
- Null `annotation_id`s are no keys: equal objects of one item without an id are one object.

## Served: {} routes

{}
## Answered 501: {} routes

{})",
        served_routes().size(), rows(served_routes()), refused_routes().size(),
        rows(refused_routes()));
}

}  // namespace tusker::nucleus
