// What classes are called: by names, where a file brings them, else by their numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "kernels/confident/confident.hpp"

namespace tusker::cli {

class ClassNames {
public:
    /// Numbers only.
    ClassNames() = default;
    /// names[k] is class k. Error: a name twice, or an empty one; `argument` is where they are
    /// from.
    static Result<ClassNames> of(std::vector<std::string> names, std::string_view argument);
    /// From a file: .json, a list of texts; any other, a name on each line.
    static Result<ClassNames> read(const std::string& path);

    bool are_known() const { return !names_.empty(); }
    const std::vector<std::string>& names() const { return names_; }
    /// The name, or the number.
    std::string text_of(confident::ClassId id) const;
    /// By name, else by number; empty if it is neither.
    std::optional<confident::ClassId> find(std::string_view text) const;

private:
    std::vector<std::string> names_;
    std::unordered_map<std::string, confident::ClassId> ids_;
};

/// Classes of texts: "labels[7] = 'catt': is no class (did you mean 'cat'?)".
Result<std::vector<confident::ClassId>> to_class_ids(const std::vector<std::string>& texts,
                                                     const ClassNames& names,
                                                     std::string_view argument);
/// One of them; `place` is "7" or "7, 2".
Result<confident::ClassId> to_class_id(std::string_view text, const ClassNames& names,
                                       std::string_view argument, const std::string& place);

}  // namespace tusker::cli
