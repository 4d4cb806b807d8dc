// A file of labels and, after a NUL, a file of results about it. What was read is written back in
// place with another label.
#include "formats/coco/patch.hpp"
#include "formats/coco/reader.hpp"

#include <cmath>

#include "input.hpp"

namespace {

using namespace tusker;

void check(const coco::Reader& reader, const Pool& pool, std::string_view text,
           std::vector<coco::Relabel>& relabels) {
    (void)reader.read_annotations(
        pool, [&](const coco::Block& block, std::size_t done) -> Result<void> {
            fuzz::expect(done <= reader.annotation_count());
            for (const auto& annotation : block.annotations) {
                fuzz::expect(annotation.image < reader.images().size());
                fuzz::expect(annotation.category < reader.categories().size());
                fuzz::expect(!annotation.where.of(text).empty());
                for (const double value : annotation.geometry) fuzz::expect(std::isfinite(value));
                if (!reader.is_results()) relabels.push_back({annotation.where, "cat"});
            }
            coco::LineCounter lines(text);
            for (const auto& refusal : block.refused) (void)lines.line_of(refusal.offset);
            return {};
        });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const Pool pool(1);
    const auto both = fuzz::text_of(bytes, size);
    const auto middle = std::min(both.find('\0'), both.size());
    const auto text = both.substr(0, middle);
    auto labels = coco::Reader::open(text);
    if (!labels) return 0;
    std::vector<coco::Relabel> relabels;
    check(*labels, pool, text, relabels);
    if (!labels->is_results()) (void)coco::patch(text, *labels, relabels);
    if (middle == both.size()) return 0;
    const auto vocabulary = labels->take_vocabulary();
    const auto more = both.substr(middle + 1);
    const auto results = coco::Reader::open(more, &vocabulary);
    if (results) check(*results, pool, more, relabels);
    return 0;
}
