#include "server/app/app.hpp"

#include "server/app/handlers.hpp"

namespace tusker::app {

using access::Role;
using http::Method;

namespace {

// A matrix of 1,000,000 × 1,000 float32 is 4 GB; what the server allows at all counts then.
constexpr std::uint64_t kMatrixBytesMax = std::uint64_t{4} << 30U;

/// Makes rows of the table short: one line a route.
class Table {
public:
    explicit Table(Services& services) : services_(services) {}
    void add(Method method, std::string pattern, Role role,
             Answer (*handler)(const Request&, Services&), std::string summary, std::string answers,
             std::uint64_t body_bytes_max = 0) {
        routes_.push_back({.method = method,
                           .pattern = "/api" + std::move(pattern),
                           .role = role,
                           .handler = http::handler(handler, services_),
                           .summary = std::move(summary),
                           .answers = std::move(answers),
                           .body_bytes_max = body_bytes_max});
    }
    std::vector<http::Route> take() { return std::move(routes_); }

private:
    Services& services_;
    std::vector<http::Route> routes_;
};

void add_datasets(Table& table) {
    table.add(Method::Get, "/datasets", Role::Tasker, list_datasets, "All datasets",
              R"({"datasets":[DATASET],"roots":[text]})");
    table.add(Method::Post, "/datasets", Role::Curator, create_dataset, "Make a dataset",
              "DATASET");
    table.add(Method::Get, "/datasets/{ds}", Role::Tasker, show_dataset,
              "A dataset with its schema", "DATASET");
    table.add(Method::Patch, "/datasets/{ds}", Role::Curator, rename_dataset, "Rename a dataset",
              "DATASET");
    table.add(Method::Delete, "/datasets/{ds}", Role::Admin, delete_dataset,
              "Delete a dataset and its bytes", "{}");
}

void add_items(Table& table) {
    table.add(Method::Post, "/datasets/{ds}/query", Role::Tasker, query_items,
              "Items of a scope, a page at a time",
              R"({"total","took_ms","warnings","version","rows":[TILE]})");
    table.add(Method::Post, "/datasets/{ds}/facets", Role::Tasker, count_facets,
              "Exact counts of a scope", R"({"total","took_ms","labels","metadata","histograms"})");
    table.add(Method::Post, "/datasets/{ds}/complete", Role::Tasker, complete_query,
              "What could be written at a cursor", R"({"from","to","names","values"})");
    table.add(Method::Get, "/datasets/{ds}/items/{no}", Role::Tasker, show_item,
              "An item with metadata, probabilities and history", "TILE and more");
    table.add(Method::Get, "/datasets/{ds}/items/{no}/image", Role::Tasker, show_picture,
              "The picture, or a thumbnail that fits ?size=", "a picture");
}

void add_label_issues(Table& table) {
    table.add(Method::Post, "/datasets/{ds}/issue-runs", Role::Curator, start_issue_run,
              "Find label issues", "JOB");
    table.add(Method::Get, "/datasets/{ds}/issue-runs", Role::Tasker, list_issue_runs,
              "Label-issue runs, newest first", R"({"runs":[…]})");
    table.add(Method::Get, "/datasets/{ds}/issue-runs/{run}/changes", Role::Tasker,
              compare_issue_runs, "What became of the issues of an earlier run",
              R"({"run","since","new","still","relabelled","gone","rows":[…]})");
    table.add(
        Method::Post, "/datasets/{ds}/issues", Role::Tasker, list_label_issues,
        "Label issues of a scope, ranked",
        R"({"run","total","open","decided","tiles","matrix","kinds","since","verdicts","stale"})");
    table.add(Method::Get, "/datasets/{ds}/still-wrong", Role::Tasker, estimate_still_wrong,
              "How many labels are still wrong, from the decisions so far",
              R"({"labels","decided","still_wrong","listed","next","stop","curve"})");
    table.add(Method::Post, "/datasets/{ds}/decisions", Role::Reviewer, decide,
              "Accept, keep or choose labels", R"({"id","decided","saved_at"})");
    table.add(Method::Post, "/datasets/{ds}/decisions/{id}/undo", Role::Reviewer, undo_decision,
              "Take a decision back", R"({"undone","saved_at"})");
    table.add(Method::Get, "/datasets/{ds}/decisions", Role::Tasker, list_decisions,
              "Decisions, newest first", R"({"decisions":[…]})");
}

void add_slices(Table& table) {
    table.add(Method::Get, "/datasets/{ds}/slices", Role::Tasker, list_slices, "Slices",
              R"({"slices":[…]})");
    table.add(Method::Post, "/datasets/{ds}/slices", Role::Curator, create_slice,
              "Make a slice of a scope or of named items", "the slice");
    table.add(Method::Post, "/datasets/{ds}/slices/combine", Role::Curator, combine_slices,
              "Two slices combined; stored if it has a name", R"({"items","cover"})");
    table.add(Method::Patch, "/slices/{id}", Role::Curator, rename_slice, "Rename a slice",
              "the slice");
    table.add(Method::Delete, "/slices/{id}", Role::Curator, delete_slice, "Delete a slice",
              R"({"undo"})");
    table.add(Method::Post, "/slices/{id}/restore", Role::Curator, restore_slice,
              "Bring a deleted slice back within the hour", "the slice");
}

void add_in_and_out(Table& table) {
    table.add(Method::Post, "/datasets/{ds}/imports", Role::Curator, start_import,
              "Import a folder or a COCO file by path", "JOB");
    table.add(Method::Post, "/uploads", Role::Curator, keep_upload,
              "Keep a list of names for a later request", R"({"id"})");
    table.add(Method::Put, "/datasets/{ds}/models/{model}/probabilities", Role::Curator,
              put_probabilities, "A model's class probabilities as a .npy matrix",
              R"({"predictions","run"})", kMatrixBytesMax);
    table.add(Method::Get, "/datasets/{ds}/export", Role::Tasker, export_file,
              "Labels of a scope as COCO or CSV", "a file");
    table.add(Method::Post, "/datasets/{ds}/export", Role::Curator, export_in_place,
              "Write corrected labels into a COCO file", R"({"changed","file"})");
    table.add(Method::Get, "/datasets/{ds}/changes.csv", Role::Tasker, export_changes,
              "Labels that differ from the given ones", "CSV");
}

void add_jobs(Table& table) {
    table.add(Method::Get, "/jobs", Role::Tasker, list_jobs, "Jobs, newest first",
              R"({"jobs":[JOB]})");
    table.add(Method::Get, "/jobs/{id}", Role::Tasker, show_job, "A job", "JOB");
    table.add(Method::Post, "/jobs/{id}/cancel", Role::Curator, cancel_job, "Cancel a job", "JOB");
}

}  // namespace

http::RouteTable routes(Services& services) {
    Table table(services);
    add_datasets(table);
    add_items(table);
    add_label_issues(table);
    add_slices(table);
    add_in_and_out(table);
    add_jobs(table);
    return {.family = "app", .routes = table.take()};
}

}  // namespace tusker::app
