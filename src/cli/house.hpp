// What runs behind `tusker serve`: every room opened once and every family of routes bound to it.
// A new room is a member, a line in House::open and a table in House::tables.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "access/access.hpp"
#include "base/pool.hpp"
#include "catalog/catalog.hpp"
#include "jobs/jobs.hpp"
#include "server/app/app.hpp"
#include "server/health/health_routes.hpp"
#include "server/health/metrics.hpp"
#include "server/http/route.hpp"
#include "server/nucleus/services.hpp"
#include "server/session/session_routes.hpp"
#include "storage/media/media.hpp"

namespace tusker::cli {

struct HouseOptions {
    std::filesystem::path data_folder;
    std::vector<std::filesystem::path> roots;  // of pictures that may be read in place
};

class House {
public:
    static Result<std::unique_ptr<House>> open(HouseOptions options);

    std::vector<http::RouteTable> tables();

    access::Access& access() { return *access_; }
    health::Metrics& metrics() { return metrics_; }

private:
    House() = default;

    // In the order of their dependence: what is below is closed before what it uses.
    Pool pool_;
    std::unique_ptr<access::Access> access_;
    std::unique_ptr<media::Media> media_;
    std::unique_ptr<catalog::Catalog> catalog_;
    std::unique_ptr<jobs::Jobs> jobs_;
    health::Metrics metrics_;

    // The families of routes borrow the rooms above.
    std::unique_ptr<session::Services> session_;
    std::unique_ptr<health::Services> health_;
    std::unique_ptr<app::Services> app_;
    std::unique_ptr<nucleus::Services> nucleus_;
};

}  // namespace tusker::cli
