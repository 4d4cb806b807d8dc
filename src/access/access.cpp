#include "access/access.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include <fmt/format.h>
#include <sodium.h>

#include "base/ids.hpp"
#include "storage/sqlite/sqlite.hpp"

namespace tusker::access {

namespace {

constexpr std::array<const char*, 1> kMigrations = {R"(
    CREATE TABLE key (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL,
        created_at INTEGER NOT NULL, created_by TEXT NOT NULL, revoked_at INTEGER
    ) STRICT;
    CREATE TABLE session (
        hash BLOB PRIMARY KEY, id TEXT NOT NULL, who TEXT NOT NULL, role TEXT NOT NULL,
        key_id TEXT NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE secret (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
)"};

constexpr std::string_view kKeyPrefix = "live_";
constexpr std::size_t kNameBytesMax = 200;

std::string hash_of(std::string_view text, std::string_view key = {}) {
    std::string hash(crypto_generichash_BYTES, '\0');
    crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       reinterpret_cast<const unsigned char*>(key.data()), key.size());
    return hash;
}

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return text;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Session {
    Principal principal;
    std::string key_id;
    TimeMs expires_at;
};
struct SignInToken {
    std::string hash;
    Principal principal;
    TimeMs expires_at;
};

}  // namespace

struct Access::Impl {
    explicit Impl(sqlite::Database opened) : database(std::move(opened)) {}

    // Writers hold both, the disk first; lookups hold `memory` alone and so never wait for a sync.
    std::mutex disk;
    mutable std::shared_mutex memory;
    sqlite::Database database;
    std::unordered_map<std::string, Key> keys;          // by hash
    std::unordered_map<std::string, Session> sessions;  // by hash
    std::deque<SignInToken> tokens;
    std::string signing_key;

    Result<void> load() {
        TUSKER_TRY(load_signing_key());
        auto statement =
            TUSKER_TRY(database.prepare("SELECT hash, id, name, role, created_at, created_by FROM "
                                        "key WHERE revoked_at IS NULL"));
        while (TUSKER_TRY(statement.step())) {
            const auto role = TUSKER_TRY(read_role(statement.text(3)));
            keys.emplace(statement.blob(0), Key{statement.string(1), statement.string(2), role,
                                                statement.integer(4), statement.string(5)});
        }
        TUSKER_TRY(database.run_with("DELETE FROM session WHERE expires_at < ?1", now_ms()));
        auto rows = TUSKER_TRY(
            database.prepare("SELECT hash, id, who, role, key_id, expires_at FROM session"));
        while (TUSKER_TRY(rows.step())) {
            const auto role = TUSKER_TRY(read_role(rows.text(3)));
            sessions.emplace(rows.blob(0),
                             Session{{rows.string(2), role, SignInWay::Session, rows.string(1)},
                                     rows.string(4),
                                     rows.integer(5)});
        }
        return {};
    }

    Result<void> load_signing_key() {
        auto statement =
            TUSKER_TRY(database.prepare("SELECT bytes FROM secret WHERE name = 'signing'"));
        TUSKER_TRY(statement.bind());
        if (TUSKER_TRY(statement.step())) {
            signing_key = statement.blob(0);
            return {};
        }
        statement.restart();
        signing_key = random_secret();
        return database.run_with("INSERT INTO secret VALUES ('signing', ?1)",
                                 sqlite::Blob{signing_key});
    }

    static Result<Role> read_role(std::string_view name) {
        const auto role = parse_role(name);
        if (!role)
            return fail(ErrorCode::Internal,
                        fmt::format("access.sqlite: role \"{}\" is unknown", name));
        return *role;
    }

    Result<Key> store_key(std::string_view secret, std::string_view name, Role role,
                          std::string_view created_by) {
        if (name.empty() || name.size() > kNameBytesMax)
            return invalid(
                fmt::format("name = \"{}\": must have 1 to {} bytes", name, kNameBytesMax));
        const std::scoped_lock disk_lock(disk);
        {
            const std::shared_lock lock(memory);
            if (std::ranges::any_of(keys, [&](const auto& k) { return k.second.name == name; }))
                return fail(ErrorCode::Conflict,
                            fmt::format("name = \"{}\": a key has this name already", name));
        }
        Key key{make_id("key_"), std::string(name), role, now_ms(), std::string(created_by)};
        const auto hash = hash_of(secret);
        TUSKER_TRY(database.run_with("INSERT INTO key VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)",
                                     key.id, sqlite::Blob{hash}, key.name, role_name(role),
                                     key.created_at, key.created_by));
        const std::unique_lock lock(memory);
        keys.emplace(hash, key);
        return key;
    }
};

Access::Access(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Access::~Access() = default;

Result<std::unique_ptr<Access>> Access::open(const std::filesystem::path& data_folder) {
    if (sodium_init() < 0) return fail(ErrorCode::Internal, "libsodium does not start");
    auto database = TUSKER_TRY(sqlite::Database::open(data_folder / "access.sqlite", kMigrations));
    auto impl = std::make_unique<Impl>(std::move(database));
    TUSKER_TRY(impl->load());
    return std::unique_ptr<Access>(new Access(std::move(impl)));
}

Result<NewKey> Access::create_key(std::string_view name, Role role, std::string_view created_by) {
    auto secret = std::string(kKeyPrefix) + random_secret();
    auto key = TUSKER_TRY(impl_->store_key(secret, name, role, created_by));
    return NewKey{std::move(key), std::move(secret)};
}

std::vector<Key> Access::keys() const {
    std::vector<Key> all;
    {
        const std::shared_lock lock(impl_->memory);
        for (const auto& [hash, key] : impl_->keys) all.push_back(key);
    }
    std::ranges::sort(all, [](const Key& a, const Key& b) {
        return std::pair(a.created_at, a.id) < std::pair(b.created_at, b.id);
    });
    return all;
}

Result<void> Access::revoke_key(std::string_view key_id) {
    const std::scoped_lock disk_lock(impl_->disk);
    auto transaction = TUSKER_TRY(sqlite::Transaction::begin(impl_->database));
    TUSKER_TRY(impl_->database.run_with(
        "UPDATE key SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL", key_id, now_ms()));
    if (impl_->database.changes() == 0)
        return not_found(fmt::format("key {}: no such key, or revoked already", key_id));
    TUSKER_TRY(impl_->database.run_with("DELETE FROM session WHERE key_id = ?1", key_id));
    TUSKER_TRY(transaction.commit());
    const std::unique_lock lock(impl_->memory);
    std::erase_if(impl_->keys, [&](const auto& k) { return k.second.id == key_id; });
    std::erase_if(impl_->sessions, [&](const auto& s) { return s.second.key_id == key_id; });
    std::erase_if(impl_->tokens,
                  [&](const auto& t) { return t.principal.credential_id == key_id; });
    return {};
}

Result<Principal> Access::by_key(std::string_view secret) const {
    const auto hash = hash_of(secret);
    const std::shared_lock lock(impl_->memory);
    const auto found = impl_->keys.find(hash);
    if (found == impl_->keys.end())
        return fail(ErrorCode::Unauthenticated, "the API key is wrong or was revoked");
    const Key& key = found->second;
    return Principal{key.name, key.role, SignInWay::Key, key.id};
}

std::string Access::create_sign_in_token(const Principal& principal) {
    auto secret = random_secret();
    const std::unique_lock lock(impl_->memory);
    SignInToken token{hash_of(secret), principal, now_ms() + kSignInTokenMs};
    // A session's link belongs to the session's key, so that revoking the key ends both.
    for (const auto& [hash, session] : impl_->sessions)
        if (session.principal.credential_id == principal.credential_id)
            token.principal.credential_id = session.key_id;
    impl_->tokens.push_back(std::move(token));
    if (impl_->tokens.size() > kSignInTokensMax) impl_->tokens.pop_front();
    return secret;
}

Result<NewSession> Access::sign_in(std::string_view token) {
    const auto token_hash = hash_of(token);
    const std::scoped_lock disk_lock(impl_->disk);
    Principal principal;
    {
        const std::unique_lock lock(impl_->memory);
        const auto found = std::ranges::find(impl_->tokens, token_hash, &SignInToken::hash);
        if (found == impl_->tokens.end() || found->expires_at < now_ms())
            return fail(ErrorCode::Unauthenticated,
                        "this sign-in link was used already or is older than 15 minutes");
        principal = found->principal;
        impl_->tokens.erase(found);
    }
    const std::string key_id = std::exchange(principal.credential_id, make_id("ses_"));
    principal.way = SignInWay::Session;
    auto secret = random_secret();
    const auto hash = hash_of(secret);
    const TimeMs expires_at = now_ms() + kSessionMs;
    TUSKER_TRY(impl_->database.run_with("INSERT INTO session VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                                        sqlite::Blob{hash}, principal.credential_id, principal.who,
                                        role_name(principal.role), key_id, expires_at));
    const std::unique_lock lock(impl_->memory);
    impl_->sessions.emplace(hash, Session{principal, key_id, expires_at});
    return NewSession{std::move(secret), std::move(principal)};
}

Result<Principal> Access::by_session(std::string_view secret) const {
    const auto hash = hash_of(secret);
    const std::shared_lock lock(impl_->memory);
    const auto found = impl_->sessions.find(hash);
    if (found == impl_->sessions.end() || found->second.expires_at < now_ms())
        return fail(ErrorCode::Unauthenticated, "the session has ended: sign in again");
    return found->second.principal;
}

Result<void> Access::end_session(std::string_view secret) {
    const auto hash = hash_of(secret);
    const std::scoped_lock disk_lock(impl_->disk);
    TUSKER_TRY(impl_->database.run_with("DELETE FROM session WHERE hash = ?1", sqlite::Blob{hash}));
    const std::unique_lock lock(impl_->memory);
    impl_->sessions.erase(hash);
    return {};
}

std::string Access::csrf_of(std::string_view session_secret) const {
    return hex(hash_of(fmt::format("csrf {}", session_secret), impl_->signing_key));
}

std::string Access::sign(std::string_view subject, TimeMs expires_at) const {
    const auto signature =
        hash_of(fmt::format("url {} {}", expires_at, subject), impl_->signing_key);
    return fmt::format("expires={}&signature={}", expires_at, hex(signature));
}

Result<void> Access::verify(std::string_view subject, std::string_view expires,
                            std::string_view signature) const {
    TimeMs expires_at = 0;
    std::from_chars(expires.data(), expires.data() + expires.size(), expires_at);
    const auto expected = sign(subject, expires_at);
    if (!equal_in_constant_time(fmt::format("expires={}&signature={}", expires, signature),
                                expected))
        return fail(ErrorCode::Forbidden, "signature: not made by this server for this address");
    if (expires_at < now_ms())
        return fail(ErrorCode::Forbidden,
                    fmt::format("expires = {}: this address was valid until {}", expires,
                                to_iso(expires_at)));
    return {};
}

}  // namespace tusker::access
