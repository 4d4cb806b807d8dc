// A tile of the app's grid: one item with its objects and its label issue, as JSON. A page of a
// hundred is rendered for every screenful, so each tile is written straight into the answer.
#pragma once

#include <memory>

#include "base/json.hpp"
#include "server/app/issue_cache.hpp"
#include "server/app/scope.hpp"

namespace tusker::app {

class TileWriter {
public:
    /// `scope` must outlive the writer. Without overlays tiles have no objects.
    static Result<TileWriter> make(Services& services, const Scope& scope, bool overlays = true);

    /// Issues are of this run from now on, whatever the scope says; it must outlive the writer.
    void speak_of(const catalog::Finding& finding) { finding_ = &finding; }

    /// Nothing for an item that is not there.
    void write(json::Writer& writer, catalog::ItemNo item) const;
    /// The same with the issue that the caller has already.
    void write(json::Writer& writer, const label_issues::IssueRow& issue) const;
    /// The members without braces.
    void write_members(json::Writer& writer, const catalog::Item& item,
                       const std::optional<label_issues::IssueRow>& issue) const;

private:
    void write_objects(json::Writer& writer, std::string_view key, const columns::Table* table,
                       std::string_view id_prefix, catalog::ItemNo item) const;
    void write_issue(json::Writer& writer,
                     const std::optional<label_issues::IssueRow>& issue) const;
    void write_boxes(json::Writer& writer, const label_issues::IssueRow& issue,
                     const catalog::Object& subject) const;
    void write_decision(json::Writer& writer, const catalog::Correction* decision) const;

    const Scope* scope_ = nullptr;
    const catalog::RunTable* run_ = nullptr;
    const catalog::Finding* finding_ = nullptr;
    std::shared_ptr<const DatasetDecisions> decisions_;
    const AverageColors* colors_ = nullptr;
    bool overlays_ = true;
};

/// Empty where there is no label.
std::optional<std::string_view> label_text(const catalog::Version& version,
                                           std::optional<catalog::LabelCode> label);

/// "accept", "keep", "choose"
std::string_view verdict_name(catalog::Decision::Verdict verdict);
std::optional<catalog::Decision::Verdict> find_verdict(std::string_view name);

}  // namespace tusker::app
