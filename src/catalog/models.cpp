#include <algorithm>

#include "base/ids.hpp"
#include "catalog/catalog_impl.hpp"

namespace tusker::catalog {
namespace {

std::unexpected<Error> no_such_model(std::string_view model_id) {
    return not_found("model " + std::string(model_id) + " does not exist");
}

std::unexpected<Error> no_such_run(std::string_view run_id) {
    return not_found("model run " + std::string(run_id) + " does not exist");
}

}  // namespace

Result<std::string> Catalog::create_model(const Model& model) {
    Model made = model;
    made.id = make_id("prj_");
    if (made.metadata.empty()) made.metadata = "{}";
    const auto committed = impl_->committer.commit([&](const sqlite::Database& database) {
        return database.run_with(
            "INSERT INTO model (id, name, reference_id, metadata, tags, trained_slice_ids) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            made.id, made.name, made.reference_id, made.metadata, json_of(made.tags),
            json_of(made.trained_slice_ids));
    });
    if (!committed && committed.error().code == ErrorCode::Conflict)
        return fail(ErrorCode::Conflict,
                    "model reference_id '" + made.reference_id + "' is taken: must be unique");
    if (!committed) return std::unexpected(committed.error());
    const std::unique_lock lock(impl_->registry);
    impl_->models.push_back(made);
    return made.id;
}

Result<void> Catalog::delete_model(std::string_view model_id) {
    TUSKER_TRY(model(model_id));
    std::vector<std::string> of_model;
    {
        const std::shared_lock lock(impl_->registry);
        for (const auto& stored : impl_->runs)
            if (stored.run.model_id == model_id) of_model.push_back(stored.run.id);
    }
    for (const auto& run_id : of_model) {
        const auto deleted = delete_run(run_id);
        if (!deleted && deleted.error().code != ErrorCode::NotFound) return deleted;
    }
    TUSKER_TRY(impl_->committer.commit([&](const sqlite::Database& database) {
        return database.run_with("DELETE FROM model WHERE id = ?1", model_id);
    }));
    const std::unique_lock lock(impl_->registry);
    std::erase_if(impl_->models, [&](const Model& stored) { return stored.id == model_id; });
    return {};
}

Result<void> Catalog::set_model_tags(std::string_view model_id, std::vector<std::string> tags) {
    TUSKER_TRY(model(model_id));
    TUSKER_TRY(impl_->committer.commit([&](const sqlite::Database& database) {
        return database.run_with("UPDATE model SET tags = ?1 WHERE id = ?2", json_of(tags),
                                 model_id);
    }));
    const std::unique_lock lock(impl_->registry);
    for (auto& stored : impl_->models)
        if (stored.id == model_id) stored.tags = tags;
    return {};
}

Result<void> Catalog::set_model_trained_slices(std::string_view model_id,
                                               std::vector<std::string> slice_ids) {
    TUSKER_TRY(model(model_id));
    TUSKER_TRY(impl_->committer.commit([&](const sqlite::Database& database) {
        return database.run_with("UPDATE model SET trained_slice_ids = ?1 WHERE id = ?2",
                                 json_of(slice_ids), model_id);
    }));
    const std::unique_lock lock(impl_->registry);
    for (auto& stored : impl_->models)
        if (stored.id == model_id) stored.trained_slice_ids = slice_ids;
    return {};
}

std::vector<Model> Catalog::models() const {
    const std::shared_lock lock(impl_->registry);
    return impl_->models;
}

Result<Model> Catalog::model(std::string_view model_id) const {
    const std::shared_lock lock(impl_->registry);
    for (const auto& stored : impl_->models)
        if (stored.id == model_id) return stored;
    return no_such_model(model_id);
}

Result<Model> Catalog::model_by_reference(std::string_view reference_id) const {
    const std::shared_lock lock(impl_->registry);
    for (const auto& stored : impl_->models)
        if (stored.reference_id == reference_id) return stored;
    return not_found("model with reference_id '" + std::string(reference_id) + "' does not exist");
}

Result<std::string> Catalog::Impl::add_run(std::string_view model_id, std::string_view dataset_id,
                                           std::string_view name, std::string_view metadata,
                                           RunKind kind) {
    const auto turn = TUSKER_TRY(begin(dataset_id));
    StoredRun stored{{make_id("run_"), std::string(model_id), std::string(dataset_id),
                      std::string(name), std::string(metadata.empty() ? "{}" : metadata), now_ms()},
                     kind};
    {
        const std::shared_lock lock(registry);
        const auto model = std::ranges::find(models, model_id, &Model::id);
        if (model == models.end()) return no_such_model(model_id);
        if (kind != RunKind::Named) {
            // In turn, so that two first uploads do not make two.
            for (const auto& other : runs)
                if (other.kind == kind && other.run.model_id == model_id &&
                    other.run.dataset_id == dataset_id)
                    return other.run.id;
            stored.run.name = model->name;
        }
    }
    auto table = std::make_shared<RunTable>();
    table->run_id = stored.run.id;
    table->model_id = stored.run.model_id;
    table->name = stored.run.name;
    table->run_free = kind == RunKind::RunFree;
    TUSKER_TRY(amend(
        turn,
        [&](const sqlite::Database& database) {
            return database.run_with(
                "INSERT INTO run (id, model, dataset, name, metadata, created_at, kind) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                stored.run.id, model_id, dataset_id, stored.run.name, stored.run.metadata,
                stored.run.created_at, static_cast<int>(kind));
        },
        [&](Version& next) { next.runs.emplace(stored.run.id, table); }));
    const std::unique_lock lock(registry);
    runs.push_back(stored);
    return stored.run.id;
}

Result<std::string> Catalog::create_run(std::string_view model_id, std::string_view dataset_id,
                                        std::string_view name, std::string_view metadata) {
    return impl_->add_run(model_id, dataset_id, name, metadata, RunKind::Named);
}

Result<std::string> Catalog::implicit_run(std::string_view model_id, std::string_view dataset_id,
                                          bool run_free) {
    const auto kind = run_free ? RunKind::RunFree : RunKind::Implicit;
    {
        const std::shared_lock lock(impl_->registry);
        for (const auto& stored : impl_->runs)
            if (stored.kind == kind && stored.run.model_id == model_id &&
                stored.run.dataset_id == dataset_id)
                return stored.run.id;
    }
    return impl_->add_run(model_id, dataset_id, {}, {}, kind);
}

Result<void> Catalog::delete_run(std::string_view run_id) {
    const auto deleted = TUSKER_TRY(run(run_id));
    const auto turn = TUSKER_TRY(impl_->begin(deleted.dataset_id));
    TUSKER_TRY(impl_->amend(
        turn,
        [&](const sqlite::Database& database) {
            return database.run_with("DELETE FROM run WHERE id = ?1", run_id);
        },
        [&](Version& next) { next.runs.erase(deleted.id); }));
    const std::unique_lock lock(impl_->registry);
    std::erase_if(impl_->runs, [&](const StoredRun& stored) { return stored.run.id == run_id; });
    return {};
}

Result<Run> Catalog::run(std::string_view run_id) const {
    const std::shared_lock lock(impl_->registry);
    for (const auto& stored : impl_->runs)
        if (stored.run.id == run_id) return stored.run;
    return no_such_run(run_id);
}

std::vector<Run> Catalog::run_free_runs(std::string_view model_id) const {
    std::vector<Run> hidden;
    const std::shared_lock lock(impl_->registry);
    for (const auto& stored : impl_->runs)
        if (stored.kind == RunKind::RunFree && stored.run.model_id == model_id)
            hidden.push_back(stored.run);
    return hidden;
}

std::vector<Run> Catalog::runs() const {
    std::vector<Run> visible;
    const std::shared_lock lock(impl_->registry);
    for (const auto& stored : impl_->runs)
        if (stored.kind != RunKind::RunFree) visible.push_back(stored.run);
    return visible;
}

}  // namespace tusker::catalog
