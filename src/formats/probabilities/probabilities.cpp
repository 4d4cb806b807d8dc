#include "formats/probabilities/probabilities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/json.hpp"
#include "formats/import/sources.hpp"
#include "formats/npy/npy.hpp"

namespace tusker::formats {
namespace {

constexpr double kOutside = 1e-6;  // what rounding may leave outside [0, 1]
constexpr double kSumTolerance = 1e-3;
constexpr std::size_t kValuesPerBatch = 4'000'000;  // 32 MB of doubles in one journal row

/// The matrix as doubles, row by row; every row has passed the rules.
class Matrix {
public:
    static Result<Matrix> read(const ProbabilitiesRequest& request) {
        Matrix matrix;
        const npy::Header header = TUSKER_TRY(npy::parse_header(request.npy, request.name));
        if (header.type != npy::Type::Float32 && header.type != npy::Type::Float64)
            return invalid(fmt::format("{}: dtype {}: probabilities must be float32 or float64",
                                       request.name, npy::name_of(header.type)));
        if (header.shape.size() != 2)
            return invalid(fmt::format("{}: has {} dimensions: must have 2, rows and classes",
                                       request.name, header.shape.size()));
        matrix.is_float_ = header.type == npy::Type::Float32;
        matrix.values_ = request.npy.subspan(header.offset);
        matrix.rows_ = header.shape[0];
        matrix.classes_ = header.shape[1];
        return matrix;
    }
    std::size_t rows() const { return rows_; }
    std::size_t classes() const { return classes_; }
    /// Files need not be aligned for their values.
    void copy_row(std::size_t row, std::span<double> out) const {
        if (is_float_) {
            for (std::size_t j = 0; j < classes_; ++j) out[j] = value<float>(row * classes_ + j);
        } else {
            for (std::size_t j = 0; j < classes_; ++j) out[j] = value<double>(row * classes_ + j);
        }
    }

private:
    template <class T>
    T value(std::size_t index) const {
        T number;
        std::memcpy(&number, values_.data() + index * sizeof(T), sizeof(T));
        return number;
    }
    bool is_float_ = false;
    std::span<const std::byte> values_;
    std::size_t rows_ = 0;
    std::size_t classes_ = 0;
};

/// Error: the first doubled one and both its places.
Result<void> check_unique(std::span<const std::string> names, std::string_view what) {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].empty())
            return invalid(fmt::format("{}[{}] is empty: must be a name", what, i));
        const auto [place, is_new] = places.emplace(names[i], i);
        if (!is_new)
            return invalid(fmt::format("{}[{}] = {}: must be unique, [{}] is the same", what, i,
                                       names[i], place->second));
    }
    return {};
}

/// Error: row, column and value of the first number that is no probability.
Result<std::vector<std::string>> check_values(const Matrix& matrix, const std::string& name) {
    std::vector<double> row(matrix.classes());
    std::size_t unnormalised = 0;
    std::string example;
    for (std::size_t i = 0; i < matrix.rows(); ++i) {
        matrix.copy_row(i, row);
        double sum = 0;
        for (std::size_t j = 0; j < row.size(); ++j) {
            if (!(row[j] >= -kOutside && row[j] <= 1 + kOutside))
                return invalid(fmt::format("{}[{}, {}] = {}: must be a number from 0 to 1", name, i,
                                           j, row[j]));
            sum += row[j];
        }
        if (std::abs(sum - 1) > kSumTolerance && unnormalised++ == 0)
            example = fmt::format("row {} sums to {}", i, sum);
    }
    std::vector<std::string> warnings;
    if (unnormalised > 0)
        warnings.push_back(fmt::format("{}: {} of {} rows do not sum to 1 ({})", name, unnormalised,
                                       matrix.rows(), example));
    return warnings;
}

/// True if the item's prediction says the same already.
bool is_stored(const catalog::Version& version, const columns::Table& table, catalog::ItemNo item,
               std::span<const std::string> classes, std::span<const double> row) {
    for (const catalog::Object& object : catalog::objects_of(table, item)) {
        if (object.type != catalog::ObjectType::Category || object.taxonomy_name) continue;
        const auto pdf = catalog::class_pdf(table, object.place);
        if (pdf.size() != row.size()) return false;
        for (std::size_t j = 0; j < row.size(); ++j)
            if (pdf[j].second != row[j] || version.labels->text(pdf[j].first) != classes[j])
                return false;
        return true;
    }
    return false;
}

/// Rows that wait to be written together; owns what the NewObjects point to.
class Batch {
public:
    explicit Batch(std::span<const std::string> classes) {
        for (const std::string& name : classes) labels_.push_back(name);
    }
    bool is_full() const { return probabilities_.size() >= kValuesPerBatch; }
    bool empty() const { return items_.empty(); }
    void add(catalog::ItemNo item, std::span<const double> row) {
        items_.push_back(item);
        probabilities_.insert(probabilities_.end(), row.begin(), row.end());
    }
    std::vector<catalog::NewObject> objects() const {
        std::vector<catalog::NewObject> objects(items_.size());
        for (std::size_t i = 0; i < items_.size(); ++i) {
            const auto row = std::span(probabilities_).subspan(i * labels_.size(), labels_.size());
            const auto best = std::ranges::max_element(row);  // the first of several
            catalog::NewObject& object = objects[i];
            object.item_no = items_[i];
            object.type = catalog::ObjectType::Category;
            object.label = labels_[static_cast<std::size_t>(best - row.begin())];
            object.confidence = std::clamp(*best, 0.0, 1.0);
            object.class_pdf_labels = labels_;
            object.class_pdf = row;
        }
        return objects;
    }
    void clear() {
        items_.clear();
        probabilities_.clear();
    }

private:
    std::vector<std::string_view> labels_;
    std::vector<catalog::ItemNo> items_;
    std::vector<double> probabilities_;
};

Result<std::vector<std::string>> check(const ProbabilitiesRequest& request, const Matrix& matrix,
                                       const catalog::Version& version) {
    if (matrix.classes() != request.classes.size())
        return invalid(fmt::format("classes has {} names: {} has {} columns",
                                   request.classes.size(), request.name, matrix.classes()));
    if (matrix.classes() < 2)
        return invalid(
            fmt::format("{}: has {} column: must have 2 at least", request.name, matrix.classes()));
    const std::size_t rows =
        request.references.empty() ? version.item_count() : request.references.size();
    if (matrix.rows() != rows)
        return invalid(fmt::format("{} has {} rows: {} has {}", request.name, matrix.rows(),
                                   request.references.empty() ? "the dataset" : "refs", rows));
    TUSKER_TRY(check_unique(request.classes, "classes"));
    TUSKER_TRY(check_unique(request.references, "refs"));
    return check_values(matrix, request.name);
}

/// The item of each row; empty where the dataset has none.
std::vector<std::optional<catalog::ItemNo>> find_items(const ProbabilitiesRequest& request,
                                                       const catalog::Version& version) {
    std::vector<std::optional<catalog::ItemNo>> items;
    if (request.references.empty())
        version.living->for_each([&](std::uint32_t item) {
            items.emplace_back(item);
            return true;
        });
    for (const std::string& reference : request.references)
        items.push_back(catalog::find_item_no(version, reference));
    return items;
}

}  // namespace

Result<ProbabilitiesReport> import_probabilities(catalog::Catalog& catalog,
                                                 const ProbabilitiesRequest& request,
                                                 jobs::Progress& progress) {
    ProbabilitiesReport report;
    const auto version = TUSKER_TRY(catalog.version(request.dataset_id));
    const Matrix matrix = TUSKER_TRY(Matrix::read(request));
    report.warnings = TUSKER_TRY(check(request, matrix, *version));
    const auto items = find_items(request, *version);
    progress.set_total(matrix.rows());
    progress.say("storing predictions");

    const catalog::Author author{.who = request.who,
                                 .why = R"({"import":{"format":"probabilities"}})"};
    const catalog::RunTable* run = nullptr;
    if (!request.dry_run) {
        const std::string model = TUSKER_TRY(find_or_create_model(catalog, request.model));
        report.run_id = TUSKER_TRY(catalog.implicit_run(model, request.dataset_id));
        run = version->find_run(report.run_id);
    }
    Batch batch(request.classes);
    const auto write = [&]() -> Result<void> {
        TUSKER_TRY(progress.check());
        if (batch.empty()) return {};
        const std::vector<catalog::NewObject> objects = batch.objects();
        const auto written = TUSKER_TRY(
            catalog.put_predictions(request.dataset_id, report.run_id, objects, true, author));
        report.predictions.created += written.created;
        report.predictions.updated += written.updated;
        report.predictions.ignored += written.ignored;
        batch.clear();
        return {};
    };
    std::vector<double> row(matrix.classes());
    for (std::size_t i = 0; i < matrix.rows(); ++i) {
        progress.advance(1);
        if (!items[i]) {
            ++report.refused_total;
            if (report.refused.size() < kRefusedListed)
                report.refused.push_back({"refs", i + 1, "reference_id", request.references[i],
                                          "must be an item of the dataset"});
            continue;
        }
        matrix.copy_row(i, row);
        if (run != nullptr &&
            is_stored(*version, run->predictions, *items[i], request.classes, row))
            ++report.predictions.ignored;
        else if (request.dry_run)
            ++report.predictions.created;
        else
            batch.add(*items[i], row);
        if (batch.is_full()) TUSKER_TRY(write());
    }
    TUSKER_TRY(write());
    return report;
}

std::vector<std::string> read_lines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t newline = text.find('\n');
        std::string_view line = text.substr(0, newline);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.emplace_back(line);
        if (newline == std::string_view::npos) break;
        text.remove_prefix(newline + 1);
    }
    return lines;
}

std::string ProbabilitiesReport::json() const {
    json::Writer writer;
    writer.object();
    // The number of rows that the model now speaks of; how they came there is told beside it.
    writer.member("predictions", predictions.created + predictions.updated + predictions.ignored);
    writer.member("created", predictions.created).member("updated", predictions.updated);
    writer.member("ignored", predictions.ignored).key("run");
    if (run_id.empty())
        writer.null();
    else
        writer.value(run_id);
    writer.key("warnings").array();
    for (const std::string& warning : warnings) writer.value(warning);
    writer.end().key("refused").array();
    for (const RefusedRow& row : refused) {
        writer.object().member("file", row.file).member("line", row.line);
        writer.member("field", row.field).member("value", row.value);
        writer.member("rule", row.rule).end();
    }
    return writer.end().member("refused_total", refused_total).end().take();
}

}  // namespace tusker::formats
