// libvips and its hundred libraries, loaded with the first picture: linked, they were most of the
// start-up of commands that never see one.
//
// The names below are pointers to vips' and glib's functions of the same name. Within this
// namespace they hide those of the headers, so a call reads as any other, the compiler checks it
// against the header's signature, and one that is missing here does not link.
#pragma once

#include <vips/vips.h>

#include "base/error.hpp"

#define TUSKER_VIPS_FUNCTIONS(X)       \
    X(g_free)                          \
    X(g_log)                           \
    X(g_log_set_handler)               \
    X(g_object_unref)                  \
    X(vips_block_untrusted_set)        \
    X(vips_cache_set_max)              \
    X(vips_colourspace)                \
    X(vips_concurrency_set)            \
    X(vips_error)                      \
    X(vips_error_buffer_copy)          \
    X(vips_error_clear)                \
    X(vips_foreign_find_load_buffer)   \
    X(vips_image_copy_memory)          \
    X(vips_image_get_height)           \
    X(vips_image_get_orientation_swap) \
    X(vips_image_get_width)            \
    X(vips_image_new_from_buffer)      \
    X(vips_init)                       \
    X(vips_jpegsave_buffer)            \
    X(vips_operation_block_set)        \
    X(vips_thumbnail_buffer)           \
    X(vips_version)                    \
    X(vips_webpsave_buffer)

namespace tusker::image {

#define TUSKER_DECLARE(name) extern decltype(&::name) name;
TUSKER_VIPS_FUNCTIONS(TUSKER_DECLARE)
#undef TUSKER_DECLARE

/// Sets the pointers above. Not thread-safe: called once, before any of them is.
/// Unavailable, naming the library and its Debian package, if it cannot be loaded.
Result<void> load_vips();

}  // namespace tusker::image
