// What was acknowledged is there after kill -9, once, and nothing is there by half. A child writes
// from four threads and reports each acknowledgement through a pipe; it is killed at a random
// acknowledgement, the catalog is opened again and compared with what was reported.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <thread>

#include "catalog/catalog_testing.hpp"

namespace tusker::catalog {
namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 10;
constexpr int kItems = 4;  // of one group of steps
constexpr int kSteps = 5;  // of one group: put items, annotate, update, decide, delete one

using State = std::map<std::string, std::string>;  // reference -> label, "" = none

std::string reference_of(int round, int thread, int group, int number) {
    return std::to_string(round) + "." + std::to_string(thread) + "." + std::to_string(group) +
           "." + std::to_string(number);
}

std::vector<std::string> references_of(int round, int thread, int group) {
    std::vector<std::string> references;
    references.reserve(kItems);
    for (int i = 0; i < kItems; ++i) references.push_back(reference_of(round, thread, group, i));
    return references;
}

/// Carries out step number `step` of one thread; each is one call and all or nothing.
bool take_step(Catalog& catalog, const std::string& dataset, int round, int thread, int step) {
    const auto references = references_of(round, thread, step / kSteps);
    std::vector<NewItem> items;
    std::vector<NewObject> objects;
    for (const auto& reference : references) {
        items.push_back(item(reference, R"({"weather":"rainy"})"));
        objects.push_back(box(reference, step % kSteps == 1 ? "first" : "second", "1"));
    }
    switch (step % kSteps) {
        case 0:
            return catalog.put_items(dataset, items, kAnna).has_value();
        case 1:
        case 2:
            return catalog.put_annotations(dataset, objects, true, kAnna).has_value();
        case 3: {
            const auto version = *catalog.version(dataset);
            const auto no = find_item_no(*version, references[0]);
            Decision decision;
            decision.annotation = {*no, objects_of(version->annotations, *no)[0].row_no};
            decision.verdict = Decision::Verdict::Choose;
            decision.label = "decided";
            return catalog.decide(dataset, std::span(&decision, 1), kAnna).has_value();
        }
        default:
            return catalog.delete_items(dataset, std::span(references).last(1), kAnna).has_value();
    }
}

/// What one thread has made after `steps` steps.
State expected_after(int round, int thread, int steps) {
    State state;
    for (int step = 0; step < steps; ++step) {
        const auto references = references_of(round, thread, step / kSteps);
        switch (step % kSteps) {
            case 0:
                for (const auto& reference : references) state[reference] = "";
                break;
            case 1:
            case 2:
                for (const auto& reference : references)
                    state[reference] = step % kSteps == 1 ? "first" : "second";
                break;
            case 3:
                state[references.front()] = "decided";
                break;
            default:
                state.erase(references.back());
        }
    }
    return state;
}

struct Acknowledgement {
    int thread;
    int steps;
};

[[noreturn]] void write_until_killed(const std::filesystem::path& folder,
                                     const std::vector<std::string>& datasets, int round,
                                     int pipe) {
    const Pool pool(1);
    auto opened = Catalog::open(folder, pool);
    if (!opened) ::_exit(1);
    auto& catalog = **opened;
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (int thread = 0; thread < kThreads; ++thread)
        threads.emplace_back([&, thread] {
            const auto& dataset = datasets[static_cast<std::size_t>(thread) % datasets.size()];
            for (int step = 0;; ++step) {
                if (!take_step(catalog, dataset, round, thread, step)) ::_exit(2);
                const Acknowledgement done{thread, step + 1};
                if (::write(pipe, &done, sizeof done) != sizeof done) ::_exit(3);
            }
        });
    for (auto& thread : threads) thread.join();
    ::_exit(4);
}

/// Steps that each thread was told are done, when the child was killed after `kill_after` of them.
std::vector<int> run_and_kill(const std::filesystem::path& folder,
                              const std::vector<std::string>& datasets, int round, int kill_after) {
    int ends[2] = {};
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        write_until_killed(folder, datasets, round, ends[1]);
    }
    ::close(ends[1]);
    std::vector<int> steps(kThreads);
    Acknowledgement done{};
    for (int count = 0; ::read(ends[0], &done, sizeof done) == sizeof done;) {
        steps[static_cast<std::size_t>(done.thread)] = done.steps;
        if (++count == kill_after) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    return steps;
}

State read_state(const Version& version) {
    State state;
    version.living->for_each([&](ItemNo no) {
        const auto stored = find_item(version, no);
        const auto objects = objects_of(version.annotations, no);
        EXPECT_LE(objects.size(), 1U);
        const auto label = objects.empty() ? "" : version.labels->text(objects[0].label);
        EXPECT_TRUE(state.emplace(stored->reference_id, label).second) << stored->reference_id;
        EXPECT_EQ(find_item_no(version, stored->reference_id), no);
        return true;
    });
    return state;
}

TEST(CatalogCrash, WhatWasAcknowledgedIsThereOnceAndNothingIsHalf) {
    const Folder folder;
    const Pool pool(1);
    std::vector<std::string> datasets;
    {
        auto catalog = Catalog::open(folder.path(), pool).value();
        for (const auto* name : {"x", "y"})
            datasets.push_back(catalog->create_dataset(name, kAnna).value());
    }
    std::mt19937 random(20261124);
    State settled;  // of earlier rounds, of both datasets
    int acknowledged = 0;
    for (int round = 0; round < kRounds; ++round) {
        const int kill_after = std::uniform_int_distribution(1, 80)(random);
        const auto steps = run_and_kill(folder.path(), datasets, round, kill_after);
        auto catalog = Catalog::open(folder.path(), pool).value();
        State actual;
        for (const auto& dataset : datasets)
            actual.merge(read_state(*catalog->version(dataset).value()));
        for (int thread = 0; thread < kThreads; ++thread) {
            const auto prefix = std::to_string(round) + "." + std::to_string(thread) + ".";
            State mine;
            for (const auto& [reference, label] : actual)
                if (reference.starts_with(prefix)) mine.emplace(reference, label);
            const int done = steps[static_cast<std::size_t>(thread)];
            acknowledged += done;
            // The step under way may have been committed just before the kill, whole.
            const bool is_whole = mine == expected_after(round, thread, done) ||
                                  mine == expected_after(round, thread, done + 1);
            EXPECT_TRUE(is_whole) << "round " << round << " thread " << thread << " step " << done;
            settled.merge(mine);
        }
        EXPECT_EQ(actual, settled) << "an earlier round changed";
    }
    EXPECT_GT(acknowledged, kRounds);
}

}  // namespace
}  // namespace tusker::catalog
