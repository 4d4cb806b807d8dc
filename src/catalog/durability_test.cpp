// That an acknowledgement means "on the disk": every write and sync of the process passes through
// the functions below (SQLite's too, because a program's own symbols come before a library's), and
// at an acknowledgement no file of the catalog may hold bytes that were not synced. And that a disk
// that refuses leaves no trace.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "catalog/catalog_testing.hpp"

namespace {

constexpr int kDescriptors = 4'096;
std::atomic<bool> dirty[kDescriptors];
std::atomic<int> syncs;
std::atomic<int> folder_syncs;
std::atomic<int> closed_dirty;

std::string path_of(int descriptor) {
    char path[4'096];
    const auto link = "/proc/self/fd/" + std::to_string(descriptor);
    const auto size = ::readlink(link.c_str(), path, sizeof path);
    return size < 0 ? std::string() : std::string(path, static_cast<std::size_t>(size));
}

bool is_catalogs(const std::string& path) {
    // The -shm file is an index that SQLite rebuilds.
    return path.find("catalog_test_") != std::string::npos && !path.ends_with("-shm");
}

void note_write(int descriptor) {
    if (descriptor < kDescriptors) dirty[descriptor] = true;
}

int note_sync(int descriptor, long call) {
    struct stat status{};
    if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) ++folder_syncs;
    const int failed = static_cast<int>(::syscall(call, descriptor));
    ++syncs;
    if (failed == 0 && descriptor < kDescriptors) dirty[descriptor] = false;
    return failed;
}

/// Files of the catalog with bytes that a crash of the machine would lose.
std::string unsynced_files() {
    std::string files;
    for (int descriptor = 0; descriptor < kDescriptors; ++descriptor)
        if (dirty[descriptor] && is_catalogs(path_of(descriptor)))
            files += path_of(descriptor) + " ";
    if (closed_dirty > 0) files += "and a file that was closed";
    return files;
}

}  // namespace

extern "C" {
ssize_t write(int descriptor, const void* bytes, std::size_t size) {
    note_write(descriptor);
    return ::syscall(SYS_write, descriptor, bytes, size);
}
ssize_t pwrite64(int descriptor, const void* bytes, std::size_t size, off64_t offset) {
    note_write(descriptor);
    return ::syscall(SYS_pwrite64, descriptor, bytes, size, offset);
}
ssize_t pwrite(int descriptor, const void* bytes, std::size_t size, off_t offset) {
    note_write(descriptor);
    return ::syscall(SYS_pwrite64, descriptor, bytes, size, offset);
}
int fdatasync(int descriptor) { return note_sync(descriptor, SYS_fdatasync); }
int fsync(int descriptor) { return note_sync(descriptor, SYS_fsync); }
int close(int descriptor) {
    if (descriptor >= 0 && descriptor < kDescriptors && dirty[descriptor].exchange(false) &&
        is_catalogs(path_of(descriptor)))
        ++closed_dirty;
    return static_cast<int>(::syscall(SYS_close, descriptor));
}
}

namespace tusker::catalog {
namespace {

/// Runs in a child, because limits and their signal belong to a process; 0 = as it should be.
int run_in_child(const std::function<int()>& run) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(run());
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    return WEXITSTATUS(status);
}

TEST(CatalogDurability, EveryAcknowledgedWriteIsSyncedBefore) {
    TestCatalog catalog;
    closed_dirty = 0;  // of other tests
    const auto dataset = catalog->create_dataset("d", kAnna).value();
    const std::vector<NewItem> items = {item("a")};
    const std::vector<NewObject> boxes = {box("a", "car", "1")};
    const std::vector<std::string> references = {"a"};
    std::vector<columns::RowKey> keys;
    const std::vector<std::pair<std::string, std::function<bool()>>> writes = {
        {"create", [&] { return catalog->create_dataset("e", kAnna).has_value(); }},
        {"put items", [&] { return catalog->put_items(dataset, items, kAnna).has_value(); }},
        {"annotate",
         [&] {
             auto report = catalog->put_annotations(dataset, boxes, false, kAnna);
             if (report) keys = report->keys;
             return report.has_value();
         }},
        {"decide",
         [&] {
             Decision decision;
             decision.annotation = keys[0];
             decision.label = "bus";
             return catalog->decide(dataset, std::span(&decision, 1), kAnna).has_value();
         }},
        {"slice", [&] { return catalog->create_slice(dataset, "s", "", {}, kAnna).has_value(); }},
        {"delete", [&] { return catalog->delete_items(dataset, references, kAnna).has_value(); }},
    };
    for (const auto& [name, write_it] : writes) {
        const int before = syncs;
        EXPECT_TRUE(write_it()) << name;
        EXPECT_GE(syncs - before, 1) << name;
        EXPECT_EQ(unsynced_files(), "") << name;
    }
}

TEST(CatalogDurability, ABlobAndItsFolderAreSyncedBeforeTheRowThatNamesIt) {
    const TestCatalog catalog;
    closed_dirty = 0;  // of other tests
    const auto dataset = catalog->create_dataset("d", kAnna).value();
    const auto names = many_references();
    const auto items = items_of(names);
    const int before = syncs;
    const int folders_before = folder_syncs;
    ASSERT_TRUE(catalog->put_items(dataset, items, kAnna));
    EXPECT_GE(syncs - before, 3);  // the blob, its folder, the journal
    EXPECT_GE(folder_syncs - folders_before, 1);
    EXPECT_EQ(unsynced_files(), "");
}

TEST(CatalogDurability, AFullDiskRefusesAndLosesNothing) {
    const Folder folder;
    const int outcome = run_in_child([&]() -> int {
        const Pool pool(1);
        auto opened = Catalog::open(folder.path(), pool);
        if (!opened) return 1;
        auto& catalog = **opened;
        const auto dataset = catalog.create_dataset("d", kAnna).value();
        const std::vector<NewItem> small = {item("small")};
        if (!catalog.put_items(dataset, small, kAnna)) return 2;

        rlimit limit{};
        ::getrlimit(RLIMIT_FSIZE, &limit);
        const auto unlimited = limit.rlim_cur;
        limit.rlim_cur = 700'000;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto names = many_references();
        const auto into_blob = items_of(names);
        // Above the limit as a blob, and as part of the journal itself.
        for (const auto count : {std::size_t{90'000}, std::size_t{50'000}}) {
            const auto refused =
                catalog.put_items(dataset, std::span(into_blob).first(count), kAnna);
            if (refused || refused.error().code != ErrorCode::StorageFull) return 3;
            if ((*catalog.version(dataset))->item_count() != 1) return 4;
            if (find_item_no(**catalog.version(dataset), names[0])) return 5;
        }
        if (!std::filesystem::is_empty(folder.path() / "journal")) return 6;

        limit.rlim_cur = unlimited;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto after = catalog.put_items(dataset, std::span(into_blob).first(10), kAnna);
        if (!after || after->created != 10) return 7;
        if (find_item_no(**catalog.version(dataset), names[3]) != ItemNo{4}) return 8;
        return 0;
    });
    EXPECT_EQ(outcome, 0);
    const Pool pool(1);
    const auto catalog = Catalog::open(folder.path(), pool).value();
    const auto version = catalog->version(catalog->datasets().at(0).id).value();
    EXPECT_EQ(version->item_count(), 11U);
    EXPECT_TRUE(find_item_no(*version, "small"));
}

// One write stands still while it is published; 64 may wait behind it, all others hear at once.
TEST(CatalogDurability, TheQueueOfADatasetHasAnEnd) {
    constexpr int kWriters = 80;
    TestCatalog catalog;
    const auto dataset = catalog->create_dataset("d", kAnna).value();
    std::mutex mutex;
    std::condition_variable changed;
    int refused = 0;
    int stored = 0;
    catalog->on_publish([&](const Version&) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return refused == kWriters - 1 - 64; });
    });
    std::vector<std::thread> writers;
    writers.reserve(kWriters);
    for (int i = 0; i < kWriters; ++i)
        writers.emplace_back([&, i] {
            const auto name = std::to_string(i);
            const std::vector<NewItem> items = {item(name)};
            const auto report = catalog->put_items(dataset, items, kAnna);
            const std::lock_guard lock(mutex);
            ++(report ? stored : refused);
            if (!report) {
                EXPECT_EQ(report.error().code, ErrorCode::Unavailable);
                EXPECT_EQ(report.error().message,
                          "dataset " + dataset + ": 64 writes are waiting; try again");
            }
            changed.notify_all();
        });
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(stored, 65);
    EXPECT_EQ(catalog.version(dataset)->item_count(), 65U);
}

}  // namespace
}  // namespace tusker::catalog
