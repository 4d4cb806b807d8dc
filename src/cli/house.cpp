#include "cli/house.hpp"

#include "server/http/openapi.hpp"
#include "server/nucleus/routes.hpp"

namespace tusker::cli {

Result<std::unique_ptr<House>> House::open(HouseOptions options) {
    std::unique_ptr<House> house(new House);
    const auto& data = options.data_folder;
    house->access_ = TUSKER_TRY(access::Access::open(data));
    house->media_ =
        TUSKER_TRY(media::Media::open({.data_folder = data, .roots = std::move(options.roots)}));
    house->catalog_ = TUSKER_TRY(catalog::Catalog::open(data, house->pool_));
    house->jobs_ = TUSKER_TRY(jobs::Jobs::open(data / "jobs.sqlite"));

    house->session_ =
        std::make_unique<session::Services>(session::Services{*house->access_, TUSKER_VERSION});
    house->health_ =
        std::make_unique<health::Services>(health::Services{house->metrics_, TUSKER_VERSION});
    house->app_ = std::make_unique<app::Services>(*house->catalog_, *house->jobs_, house->pool_,
                                                  *house->media_);
    house->nucleus_ = TUSKER_TRY(nucleus::open(data, *house->catalog_, *house->jobs_,
                                               *house->media_, *house->access_, house->pool_));
    return house;
}

std::vector<http::RouteTable> House::tables() {
    std::vector<http::RouteTable> all = {session::routes(*session_), health::routes(*health_),
                                         app::routes(*app_), nucleus::routes(*nucleus_)};
    all.push_back(http::openapi_routes(all, TUSKER_VERSION));
    return all;
}

}  // namespace tusker::cli
