#include "base/shared_library.hpp"

#include <gtest/gtest.h>

namespace tusker {
namespace {

TEST(SharedLibrary, BindsAFunctionOfTheLibrary) {
    const auto library = SharedLibrary::load("libm.so.6", "libc6");
    ASSERT_TRUE(library) << library.error().message;
    double (*cosine)(double) = nullptr;
    ASSERT_TRUE(library->bind("cos", cosine));
    EXPECT_EQ(cosine(0), 1);
}

TEST(SharedLibrary, SaysWhichPackageBringsWhatIsMissing) {
    const auto library = SharedLibrary::load("libnowhere.so.7", "libnowhere7");
    ASSERT_FALSE(library);
    EXPECT_EQ(library.error().code, ErrorCode::Unavailable);
    EXPECT_TRUE(library.error().message.starts_with("libnowhere.so.7: cannot be loaded ("));
    EXPECT_TRUE(library.error().message.ends_with("the Debian package libnowhere7 brings it"));
}

TEST(SharedLibrary, SaysWhichFunctionIsMissing) {
    const auto library = SharedLibrary::load("libm.so.6", "libc6");
    ASSERT_TRUE(library);
    void (*function)() = nullptr;
    const auto bound = library->bind("no_such_function", function);
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().message,
              "libm.so.6: has no function no_such_function; the Debian package libc6 brings one "
              "that has");
}

}  // namespace
}  // namespace tusker
