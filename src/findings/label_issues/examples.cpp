#include "findings/label_issues/examples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/nearest.hpp"

namespace tusker::label_issues {
namespace {

using catalog::LabelCode;
using catalog::Object;
using catalog::ObjectType;
using Pdf = std::vector<std::pair<LabelCode, double>>;

// A matrix beyond this is refused before memory is: 2^31 values are 8 GiB of floats.
constexpr std::size_t kValuesMax = std::size_t{1} << 31U;

/// The default taxonomy has no name. Without one asked for, a dataset whose categories all are in
/// one named taxonomy means that one.
Result<std::optional<std::string>> choose_taxonomy(const catalog::Version& version,
                                                   const std::optional<std::string>& asked) {
    if (asked) {
        std::vector<std::string> names;
        for (const catalog::Taxonomy& taxonomy : version.taxonomies) {
            if (taxonomy.name == *asked) return asked;
            names.push_back(taxonomy.name);
        }
        return not_found(fmt::format("taxonomy = {}: the dataset has none of that name{}", *asked,
                                     did_you_mean(*asked, names)));
    }
    if (version.taxonomies.size() != 1) return std::nullopt;
    bool has_default = false;
    for (const columns::Part& part : version.annotations.parts()) {
        const auto* const types = part.segment->find(catalog::column::kType, columns::Type::U8);
        const auto* const names =
            part.segment->find(catalog::column::kTaxonomy, columns::Type::Text);
        if (types == nullptr) continue;
        for (std::uint32_t row = 0; row < part.segment->rows() && !has_default; ++row)
            has_default = part.is_alive(row) &&
                          types->values<std::uint8_t>()[row] ==
                              static_cast<std::uint8_t>(ObjectType::Category) &&
                          (names == nullptr || !names->index_of(row));
    }
    if (has_default) return std::nullopt;
    return version.taxonomies.front().name;
}

/// The object that carries the item's one label: its category in the taxonomy, else its only box.
/// Null if there is none or, with `several` set, more than one.
const Object* find_label(std::span<const Object> objects,
                         const std::optional<std::string>& taxonomy, bool& several) {
    several = false;
    const Object* only = nullptr;
    for (const Object& object : objects) {
        if (object.type != ObjectType::Category) continue;
        if (object.taxonomy_name.has_value() != taxonomy.has_value() ||
            (taxonomy && *object.taxonomy_name != *taxonomy))
            continue;
        several = only != nullptr;
        only = &object;
        if (several) return nullptr;
    }
    if (only != nullptr) return only;
    for (const Object& object : objects) {
        if (object.type == ObjectType::Category) continue;
        several = only != nullptr;
        only = &object;
        if (several) return nullptr;
    }
    return only != nullptr && only->type == ObjectType::Box ? only : nullptr;
}

/// Of the prediction in the taxonomy, else of one in any: models seldom name it.
Pdf find_probabilities(const columns::Table& predictions, catalog::ItemNo item,
                       const std::optional<std::string>& taxonomy) {
    const std::vector<Object> objects = catalog::objects_of(predictions, item);
    bool several = false;
    const Object* found = find_label(objects, taxonomy, several);
    if (found == nullptr && !several && taxonomy) found = find_label(objects, {}, several);
    if (found == nullptr) return {};
    Pdf pdf = catalog::class_pdf(predictions, found->place);
    // Zeros alone say nothing: the item counts as one without a prediction.
    if (std::ranges::none_of(pdf, [](const auto& entry) { return entry.second > 0; })) return {};
    return pdf;
}

bool are_floats(const columns::Table& predictions) {
    return std::ranges::none_of(predictions.parts(), [](const columns::Part& part) {
        return part.segment->find(catalog::column::kClassPdf, columns::Type::F64List) != nullptr;
    });
}

/// Classes in order, and the class of each label code.
class Classes {
public:
    Classes(const catalog::Version& version, const std::optional<std::string>& taxonomy)
        : labels_(*version.labels), of_code_(labels_.size(), kNoClass) {
        const auto known = std::ranges::find_if(
            version.taxonomies, [&](const auto& t) { return taxonomy && t.name == *taxonomy; });
        if (known != version.taxonomies.end())
            for (const std::string& label : known->labels) add(label);
    }
    void want(LabelCode code) { wanted_.emplace(labels_.text(code), code); }
    /// After all labels are wanted: those that the taxonomy lacks follow, sorted by bytes.
    void finish() {
        for (const auto& [label, code] : wanted_)
            if (of_code_[code] == kNoClass) add(label);
    }
    confident::ClassId of(LabelCode code) const { return of_code_[code]; }
    std::vector<std::string>& names() { return names_; }
    std::vector<LabelCode>& codes() { return codes_; }

private:
    static constexpr confident::ClassId kNoClass = UINT32_MAX;
    void add(const std::string& label) {
        const auto code = labels_.find(label);
        if (code) of_code_[*code] = static_cast<confident::ClassId>(names_.size());
        names_.push_back(label);
        codes_.push_back(code.value_or(kNoCode));
    }
    const catalog::LabelTable& labels_;
    std::vector<confident::ClassId> of_code_;
    std::map<std::string, LabelCode> wanted_;
    std::vector<std::string> names_;
    std::vector<LabelCode> codes_;
};

/// An item that will be a row, before classes are numbered.
struct Candidate {
    columns::RowKey annotation;
    LabelCode given;
    Pdf pdf;
};

template <class T>
void fill(std::vector<T>& matrix, std::span<const Candidate> candidates, Classes& classes,
          std::vector<Example>& rows) {
    const std::size_t k = classes.names().size();
    matrix.assign(candidates.size() * k, T{0});
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const std::span<T> row = std::span(matrix).subspan(i * k, k);
        for (const auto& [code, probability] : candidates[i].pdf)
            row[classes.of(code)] = static_cast<T>(probability);
        const auto best = std::ranges::max_element(row);
        rows.push_back({.annotation = candidates[i].annotation,
                        .given = classes.of(candidates[i].given),
                        .suggested = static_cast<confident::ClassId>(best - row.begin())});
    }
}

}  // namespace

Result<Examples> gather_examples(const catalog::Version& version, const catalog::RunTable& run,
                                 const std::optional<std::string>& asked,
                                 jobs::Progress& progress) {
    const auto taxonomy = TUSKER_TRY(choose_taxonomy(version, asked));
    Examples examples;
    std::vector<Candidate> candidates;
    Classes classes(version, taxonomy);
    std::uint64_t seen = 0;
    bool is_cancelled = false;
    version.living->for_each([&](catalog::ItemNo item) {
        constexpr std::uint64_t kItemsPerStep = 1'024;
        if (++seen % kItemsPerStep == 0) {
            progress.advance(kItemsPerStep);
            is_cancelled = !progress.check();
        }
        bool several = false;
        const std::vector<Object> objects = catalog::objects_of(version.annotations, item);
        const Object* const label = find_label(objects, taxonomy, several);
        if (label == nullptr) {
            ++(several ? examples.skipped.several_labels : examples.skipped.no_label);
            return !is_cancelled;
        }
        Pdf pdf = find_probabilities(run.predictions, item, taxonomy);
        if (pdf.empty()) {
            ++examples.skipped.no_prediction;
            return !is_cancelled;
        }
        classes.want(label->label);
        for (const auto& [code, probability] : pdf) classes.want(code);
        candidates.push_back({{item, label->row_no}, label->label, std::move(pdf)});
        return !is_cancelled;
    });
    if (is_cancelled) TUSKER_TRY(progress.check());
    classes.finish();
    if (candidates.size() * classes.names().size() > kValuesMax)
        return fail(ErrorCode::TooLarge,
                    fmt::format("{} items × {} classes: at most {} probabilities are held at once",
                                candidates.size(), classes.names().size(), kValuesMax));
    examples.is_float = are_floats(run.predictions);
    if (examples.is_float)
        fill(examples.floats, candidates, classes, examples.rows);
    else
        fill(examples.doubles, candidates, classes, examples.rows);
    examples.classes = std::move(classes.names());
    examples.codes = std::move(classes.codes());
    return examples;
}

}  // namespace tusker::label_issues
