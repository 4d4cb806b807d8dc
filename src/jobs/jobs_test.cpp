#include "jobs/jobs.hpp"

#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/job_store.hpp"

namespace tusker::jobs {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr milliseconds kLong(60'000);

class JobsTest : public testing::Test {
protected:
    JobsTest() {
        std::string name = testing::TempDir() + "/jobs-XXXXXX";
        folder = ::mkdtemp(name.data());
        reopen();
    }
    ~JobsTest() override {
        jobs.reset();
        std::filesystem::remove_all(folder);
    }
    void reopen() {
        jobs.reset();
        auto opened = Jobs::open(folder / "jobs.sqlite", 2);
        ASSERT_TRUE(opened) << opened.error().message;
        jobs = *std::move(opened);
    }
    Job ended(const Job& job) const { return *jobs->wait(job.id, kEnd, kLong); }
    static constexpr std::uint64_t kEnd = ~std::uint64_t{0};

    std::filesystem::path folder;
    std::unique_ptr<Jobs> jobs;
};

TEST_F(JobsTest, SmallWorkIsFinishedWhenItIsAnswered) {
    const auto job = jobs->start(
        {.kind = "upload", .dataset_id = "ds_1", .who = "ada", .total = 2, .grace = kLong},
        [](Progress& progress) -> Result<Outcome> {
            progress.advance(2);
            progress.add_error("row 3 is bad");
            return Outcome{.result = R"({"rows":2})"};
        });
    ASSERT_TRUE(job);
    EXPECT_EQ(job->status, Status::Done);
    EXPECT_EQ(job->done, 2U);
    EXPECT_EQ(job->result, R"({"rows":2})");
    EXPECT_THAT(*jobs->errors(job->id), ElementsAre("row 3 is bad"));
}

TEST_F(JobsTest, ProgressIsSeenWhileItWorks) {
    std::latch go(1);
    const auto job = *jobs->start({.kind = "scan", .total = 4}, [&](Progress& progress) {
        progress.advance(1);
        progress.say("reading");
        go.wait();
        return Result<Outcome>(Outcome{});
    });
    EXPECT_EQ(job.status, Status::Running);
    Job seen = job;
    while (seen.message.empty()) seen = *jobs->wait(job.id, seen.revision, kLong);
    EXPECT_EQ(seen.done, 1U);
    EXPECT_EQ(seen.message, "reading");
    go.count_down();
    EXPECT_EQ(ended(job).status, Status::Done);
}

TEST_F(JobsTest, CancelEndsItBetweenSteps) {
    const auto job = *jobs->start({.kind = "scan"}, [](Progress& progress) -> Result<Outcome> {
        while (true) {
            TUSKER_TRY(progress.check());
            std::this_thread::yield();
        }
    });
    ASSERT_TRUE(jobs->cancel(job.id));
    EXPECT_EQ(ended(job).status, Status::Cancelled);
    EXPECT_EQ(jobs->cancel(job.id).error().code, ErrorCode::Conflict);
}

TEST_F(JobsTest, FailureKeepsWhatWasStored) {
    const auto job = *jobs->start({.kind = "upload", .grace = kLong}, [](Progress&) {
        return Result<Outcome>(Outcome{.result = R"({"new":1})", .failure = "1 of 2 refused"});
    });
    EXPECT_EQ(job.status, Status::Failed);
    EXPECT_EQ(job.error, "1 of 2 refused");
    EXPECT_EQ(job.result, R"({"new":1})");
}

TEST_F(JobsTest, AnExceptionFailsTheJobOnly) {
    const auto job = *jobs->start(
        {.kind = "upload", .grace = kLong},
        [](Progress&) -> Result<Outcome> { throw std::runtime_error("library gave up"); });
    EXPECT_EQ(job.status, Status::Failed);
    EXPECT_EQ(job.error, "library gave up");
}

TEST_F(JobsTest, FinishedJobsOutliveTheProcess) {
    const auto job = *jobs->start({.kind = "upload", .dataset_id = "ds_1", .grace = kLong},
                                  [](Progress& progress) {
                                      progress.add_error("bad");
                                      return Result<Outcome>(Outcome{.result = "{}"});
                                  });
    reopen();
    const auto found = *jobs->find(job.id);
    EXPECT_EQ(found.status, Status::Done);
    EXPECT_EQ(found.kind, "upload");
    EXPECT_EQ(found.started_at, job.started_at);
    EXPECT_THAT(*jobs->errors(job.id), ElementsAre("bad"));
}

TEST_F(JobsTest, AGracefulStopSaysHowFarItCame) {
    std::latch began(1);
    const auto job =
        *jobs->start({.kind = "scan", .total = 100}, [&](Progress& progress) -> Result<Outcome> {
            progress.advance(38);
            began.count_down();
            while (true) {
                TUSKER_TRY(progress.check());
                std::this_thread::yield();
            }
        });
    began.wait();
    reopen();
    const auto found = *jobs->find(job.id);
    EXPECT_EQ(found.status, Status::Failed);
    EXPECT_EQ(found.error, "the server stopped at 38 %; start it again");
}

TEST_F(JobsTest, AKilledServerLeavesNoJobRunning) {
    jobs.reset();
    {
        auto store = *JobStore::open(folder / "jobs.sqlite");
        ASSERT_TRUE(store.put({.id = "job_killed", .kind = "scan", .done = 1, .total = 8}, {}));
    }
    reopen();
    const auto found = *jobs->find("job_killed");
    EXPECT_EQ(found.status, Status::Failed);
    EXPECT_EQ(found.error, "the server stopped at 12 %; start it again");
}

TEST_F(JobsTest, ListsNewestFirstAndFilters) {
    const auto quick = [](Progress&) { return Result<Outcome>(Outcome{}); };
    const auto a = *jobs->start({.kind = "upload", .dataset_id = "ds_1", .grace = kLong}, quick);
    const auto b = *jobs->start({.kind = "scan", .dataset_id = "ds_1", .grace = kLong}, quick);
    const auto c = *jobs->start({.kind = "scan", .dataset_id = "ds_2", .grace = kLong}, quick);
    std::latch go(1);
    const auto d = *jobs->start({.kind = "scan", .dataset_id = "ds_2"}, [&](Progress&) {
        go.wait();
        return Result<Outcome>(Outcome{});
    });
    const auto ids = [&](const Filter& filter) {
        std::vector<std::string> found;
        const auto list = jobs->list(filter);
        for (const auto& job : *list) found.push_back(job.id);
        return found;
    };
    EXPECT_THAT(ids({}), ElementsAre(d.id, c.id, b.id, a.id));
    EXPECT_THAT(ids({.dataset_id = "ds_1"}), ElementsAre(b.id, a.id));
    EXPECT_THAT(ids({.kinds = {"scan"}}), ElementsAre(d.id, c.id, b.id));
    EXPECT_THAT(ids({.finished = false}), ElementsAre(d.id));
    EXPECT_THAT(ids({.limit = 1}), ElementsAre(d.id));
    EXPECT_THAT(ids({.dataset_id = "ds_3"}), IsEmpty());
    go.count_down();
}

TEST_F(JobsTest, AnUnknownJobIsNamed) {
    EXPECT_EQ(jobs->find("job_x").error().message, "job \"job_x\": there is no such job");
    EXPECT_EQ(jobs->errors("job_x").error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace tusker::jobs
