#include "access/access.hpp"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"

namespace tusker::access {
namespace {

class AccessTest : public testing::Test {
protected:
    void SetUp() override {
        folder = std::filesystem::temp_directory_path() /
                 ("tusker_access_" + std::to_string(::getpid()));
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        reopen();
    }
    void TearDown() override {
        access.reset();
        std::filesystem::remove_all(folder);
    }
    void reopen() {
        access.reset();
        auto opened = Access::open(folder);
        ASSERT_TRUE(opened) << opened.error().message;
        access = *std::move(opened);
    }
    NewKey make(std::string_view name, Role role) {
        auto made = access->create_key(name, role, "test");
        EXPECT_TRUE(made) << made.error().message;
        return *std::move(made);
    }
    bool knows(std::string_view secret) const { return access->by_key(secret).has_value(); }

    std::filesystem::path folder;
    std::unique_ptr<Access> access;
};

TEST_F(AccessTest, AKeyOpensAlsoAfterARestart) {
    const auto made = make("ci", Role::Curator);
    EXPECT_EQ(made.secret.size(), 5U + 43U);
    EXPECT_TRUE(made.secret.starts_with("live_"));
    for (int start = 0; start < 2; ++start) {
        const auto who = access->by_key(made.secret);
        ASSERT_TRUE(who) << who.error().message;
        EXPECT_EQ(who->who, "ci");
        EXPECT_EQ(who->role, Role::Curator);
        EXPECT_EQ(who->credential_id, made.key.id);
        reopen();
    }
    EXPECT_FALSE(knows(made.secret + "x"));
    EXPECT_FALSE(knows(""));
}

TEST_F(AccessTest, TheSecretIsNowhereOnDisk) {
    const auto made = make("ci", Role::Curator);
    access.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto bytes = read_file(entry.path());
        ASSERT_TRUE(bytes);
        EXPECT_EQ(bytes->find(made.secret), std::string::npos) << entry.path();
    }
}

TEST_F(AccessTest, ARevokedKeyAndItsSessionsEndAtOnceAndForEver) {
    const auto made = make("ci", Role::Curator);
    const auto other = make("other", Role::Tasker);
    const auto session =
        access->sign_in(access->create_sign_in_token(*access->by_key(made.secret)));
    ASSERT_TRUE(session);
    const auto pending = access->create_sign_in_token(*access->by_key(made.secret));
    ASSERT_TRUE(access->revoke_key(made.key.id));
    EXPECT_FALSE(access->sign_in(pending));
    for (int start = 0; start < 2; ++start) {
        EXPECT_FALSE(knows(made.secret));
        EXPECT_FALSE(access->by_session(session->secret));
        EXPECT_TRUE(knows(other.secret));
        reopen();
    }
    EXPECT_FALSE(access->revoke_key(made.key.id));
    // A revoked key's name is free again.
    EXPECT_TRUE(access->create_key("ci", Role::Admin, "test"));
}

TEST_F(AccessTest, NamesAreUnique) {
    make("ci", Role::Curator);
    const auto second = access->create_key("ci", Role::Admin, "test");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
    EXPECT_FALSE(access->create_key("", Role::Admin, "test"));
    EXPECT_EQ(access->keys().size(), 1U);
}

TEST_F(AccessTest, ASignInLinkOpensOneSessionThatSurvivesARestart) {
    const auto who = *access->by_key(make("ann", Role::Reviewer).secret);
    const auto token = access->create_sign_in_token(who);
    const auto session = access->sign_in(token);
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_FALSE(access->sign_in(token));
    EXPECT_FALSE(access->sign_in("nonsense"));
    const auto csrf = access->csrf_of(session->secret);
    reopen();
    const auto again = access->by_session(session->secret);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->who, "ann");
    EXPECT_EQ(again->role, Role::Reviewer);
    EXPECT_EQ(again->way, SignInWay::Session);
    EXPECT_EQ(access->csrf_of(session->secret), csrf);
    ASSERT_TRUE(access->end_session(session->secret));
    EXPECT_FALSE(access->by_session(session->secret));
    reopen();
    EXPECT_FALSE(access->by_session(session->secret));
}

TEST_F(AccessTest, ASignedAddressIsGoodForItselfUntilItsTime) {
    const auto split = [](const std::string& signed_part) {
        const auto middle = signed_part.find("&signature=");
        return std::pair(signed_part.substr(8, middle - 8), signed_part.substr(middle + 11));
    };
    const auto [expires, signature] = split(access->sign("/media/di_1", now_ms() + 60'000));
    EXPECT_TRUE(access->verify("/media/di_1", expires, signature));
    EXPECT_FALSE(access->verify("/media/di_2", expires, signature));
    EXPECT_FALSE(access->verify("/media/di_1", expires + "0", signature));
    EXPECT_FALSE(access->verify("/media/di_1", expires, ""));
    const auto [past, past_signature] = split(access->sign("/media/di_1", now_ms() - 1));
    const auto late = access->verify("/media/di_1", past, past_signature);
    ASSERT_FALSE(late);
    EXPECT_NE(late.error().message.find("was valid until"), std::string::npos);
}

TEST_F(AccessTest, TheAdminKeyIsMadeOnceForItsOwnerOnly) {
    const auto first = ensure_admin_key(*access, folder);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(access->by_key(*first)->role, Role::Admin);
    EXPECT_EQ(access->by_key(*first)->who, "admin");
    struct stat status{};
    ASSERT_EQ(::stat(admin_key_file(folder).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    reopen();
    EXPECT_EQ(ensure_admin_key(*access, folder).value(), *first);
}

TEST_F(AccessTest, ALostOrRevokedAdminKeyIsReplaced) {
    const auto first = *ensure_admin_key(*access, folder);
    std::filesystem::remove(admin_key_file(folder));
    const auto second = *ensure_admin_key(*access, folder);
    EXPECT_NE(second, first);
    ASSERT_TRUE(access->revoke_key(access->by_key(second)->credential_id));
    EXPECT_TRUE(knows(*ensure_admin_key(*access, folder)));
}

TEST(Role, EachMayDoWhatTheOnesBelowMay) {
    EXPECT_TRUE(may(Role::Admin, Role::Tasker));
    EXPECT_TRUE(may(Role::Curator, Role::Curator));
    EXPECT_FALSE(may(Role::Reviewer, Role::Curator));
    for (const auto role : {Role::Admin, Role::Curator, Role::Reviewer, Role::Tasker})
        EXPECT_EQ(parse_role(role_name(role)), role);
    EXPECT_EQ(parse_role("owner"), std::nullopt);
}

}  // namespace
}  // namespace tusker::access
