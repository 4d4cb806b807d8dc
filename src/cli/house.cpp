#include "cli/house.hpp"

namespace tusker::cli {

House::House(HouseOptions options, std::unique_ptr<access::Access> access)
    : options_(std::move(options)),
      access_(std::move(access)),
      session_{*access_, TUSKER_VERSION},
      health_{metrics_, TUSKER_VERSION} {}

Result<std::unique_ptr<House>> House::open(HouseOptions options) {
    auto access = TUSKER_TRY(access::Access::open(options.data_folder));
    return std::unique_ptr<House>(new House(std::move(options), std::move(access)));
}

std::vector<http::RouteTable> House::tables() {
    return {session::routes(session_), health::routes(health_)};
}

}  // namespace tusker::cli
