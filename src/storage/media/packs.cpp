#include "storage/media/packs.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "base/checksum.hpp"

namespace tusker::media {

namespace {

// A pack: 16 bytes of header, then records. All numbers are little-endian, as this machine's are.
constexpr std::string_view kPackMagic = "TUSKPACK";
constexpr std::uint32_t kPackVersion = 1;
constexpr std::uint64_t kPackHeaderBytes = 16;
constexpr std::uint64_t kRecordMagic = 0x3156454c49465354;  // "TSFILEV1"
struct RecordHeader {
    std::uint64_t magic = kRecordMagic;
    std::uint64_t size = 0;
    std::uint64_t checksum = 0;  // XXH64 of the bytes that follow
};
constexpr std::uint64_t kRecordHeaderBytes = sizeof(RecordHeader);
static_assert(kRecordHeaderBytes == 24);

template <class T>
std::string_view bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

Result<RecordHeader> read_record_header(const File& file, std::uint64_t at) {
    const auto bytes = TUSKER_TRY(file.read_at(at, kRecordHeaderBytes));
    RecordHeader header;
    bytes.copy(reinterpret_cast<char*>(&header), sizeof header);
    return header;
}

Result<void> check_pack_header(const File& file, const std::filesystem::path& path) {
    const auto bytes = TUSKER_TRY(file.read_at(0, kPackHeaderBytes));
    std::uint32_t version = 0;
    std::memcpy(&version, bytes.data() + kPackMagic.size(), sizeof version);
    if (!bytes.starts_with(kPackMagic))
        return fail(ErrorCode::Internal, fmt::format("{}: is no pack of pictures", path.string()));
    if (version != kPackVersion)
        return fail(ErrorCode::Internal,
                    fmt::format("{}: has format {}, this Tusker reads format {}", path.string(),
                                version, kPackVersion));
    return {};
}

/// Where the last whole record ends. Records after a torn one were never acknowledged, since one
/// sync covers everything before it.
Result<std::uint64_t> find_end(const File& file) {
    const std::uint64_t size = TUSKER_TRY(file.size());
    std::uint64_t end = kPackHeaderBytes;
    std::optional<std::pair<std::uint64_t, RecordHeader>> last;
    while (size - end >= kRecordHeaderBytes) {
        const auto header = TUSKER_TRY(read_record_header(file, end));
        if (header.magic != kRecordMagic || header.size > size - end - kRecordHeaderBytes) break;
        last.emplace(end, header);
        end += kRecordHeaderBytes + header.size;
    }
    if (!last) return end;
    // The size may have reached the disk before the bytes.
    const auto& [begin, header] = *last;
    const auto bytes = TUSKER_TRY(file.read_at(begin + kRecordHeaderBytes, header.size));
    return checksum(bytes) == header.checksum ? end : begin;
}

}  // namespace

std::filesystem::path Packs::path_of(std::uint32_t pack) const {
    return folder_ / fmt::format("{}.pack", pack);
}

Result<std::unique_ptr<Packs>> Packs::open(const std::filesystem::path& folder,
                                           std::uint64_t pack_bytes_max) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code)
        return fail(ErrorCode::Internal, fmt::format("{}: {}", folder.string(), code.message()));
    std::unique_ptr<Packs> packs(new Packs(folder, pack_bytes_max));
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        const auto stem = entry.path().stem().string();
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
        if (entry.path().extension() != ".pack" || error != std::errc() ||
            end != stem.data() + stem.size())
            continue;
        packs->current_no_ = std::max(packs->current_no_, number);
        packs->sealed_bytes_ += entry.file_size(code);
    }
    if (packs->current_no_ == 0)
        TUSKER_TRY(packs->begin_pack(1));
    else
        TUSKER_TRY(packs->recover_last());
    return packs;
}

Result<void> Packs::recover_last() {
    const auto path = path_of(current_no_);
    current_ = std::make_shared<File>(TUSKER_TRY(File::open(path, File::Mode::Append)));
    const auto file = TUSKER_TRY(File::open(path, File::Mode::Read));
    const std::uint64_t size = TUSKER_TRY(file.size());
    sealed_bytes_ -= size;
    if (size < kPackHeaderBytes) {  // the crash came while the pack was begun
        TUSKER_TRY(current_->truncate(0));
        return begin_pack(current_no_);
    }
    TUSKER_TRY(check_pack_header(file, path));
    current_size_ = TUSKER_TRY(find_end(file));
    if (current_size_ == size) return {};
    TUSKER_TRY(current_->truncate(current_size_));
    return current_->sync();
}

Result<void> Packs::begin_pack(std::uint32_t pack) {
    auto file = TUSKER_TRY(File::open(path_of(pack), File::Mode::Append));
    std::string header(kPackMagic);
    header += bytes_of(kPackVersion);
    header.resize(kPackHeaderBytes, '\0');
    TUSKER_TRY(file.append(header));
    TUSKER_TRY(file.sync());
    TUSKER_TRY(sync_folder(folder_));
    sealed_bytes_ += current_size_;
    current_ = std::make_shared<File>(std::move(file));
    current_no_ = pack;
    current_size_ = kPackHeaderBytes;
    return {};
}

Result<MediaRef> Packs::write_one(std::string_view bytes) {
    const RecordHeader header{.size = bytes.size(), .checksum = checksum(bytes)};
    TUSKER_TRY(current_->append(bytes_of(header)));
    TUSKER_TRY(current_->append(bytes));
    const MediaRef ref{current_no_, current_size_ + kRecordHeaderBytes, bytes.size()};
    current_size_ += kRecordHeaderBytes + bytes.size();
    return ref;
}

Result<std::vector<MediaRef>> Packs::append(std::span<const std::string_view> files) {
    std::unique_lock lock(mutex_);
    if (broken_) return std::unexpected(*broken_);
    if (current_size_ > kPackHeaderBytes && current_size_ >= pack_bytes_max_) {
        // One sync covers one file only, so the old pack is settled before the next begins.
        synced_.wait(lock, [&] { return !syncing_; });
        if (auto settled = current_->sync(); !settled) {
            broken_ = settled.error();
            return std::unexpected(*broken_);
        }
        ++sync_count_;
        synced_turn_ = written_turn_;
        synced_.notify_all();
        TUSKER_TRY(begin_pack(current_no_ + 1));
    }
    const std::uint64_t begin = current_size_;
    std::vector<MediaRef> refs;
    for (const auto& file : files) {
        auto ref = write_one(file);
        if (!ref) {
            // Nothing of this call stays; others' bytes lie before it.
            current_size_ = begin;
            if (auto cut = current_->truncate(begin); !cut) broken_ = cut.error();
            return std::unexpected(ref.error());
        }
        refs.push_back(*ref);
    }
    TUSKER_TRY(wait_for_sync(lock));
    return refs;
}

Result<void> Packs::wait_for_sync(std::unique_lock<std::mutex>& lock) {
    const std::uint64_t turn = ++written_turn_;
    while (synced_turn_ < turn) {
        if (broken_) return std::unexpected(*broken_);
        if (syncing_) {
            synced_.wait(lock);
            continue;
        }
        syncing_ = true;
        const std::uint64_t covered = written_turn_;
        const auto file = current_;
        lock.unlock();
        auto done = file->sync();
        lock.lock();
        syncing_ = false;
        ++sync_count_;
        if (done)
            synced_turn_ = std::max(synced_turn_, covered);
        else
            broken_ = done.error();
        synced_.notify_all();
    }
    return {};
}

Result<std::shared_ptr<const File>> Packs::reader(std::uint32_t pack) const {
    const std::scoped_lock lock(mutex_);
    auto& file = readers_[pack];
    if (file) return file;
    auto opened = File::open(path_of(pack), File::Mode::Read);
    if (!opened) {
        readers_.erase(pack);
        return std::unexpected(opened.error());
    }
    file = std::make_shared<const File>(*std::move(opened));
    return file;
}

Result<Slice> Packs::open_slice(const MediaRef& ref) const {
    return Slice{TUSKER_TRY(reader(ref.pack)), ref.offset, ref.size};
}

Result<std::string> Packs::read(const MediaRef& ref) const {
    const auto file = TUSKER_TRY(reader(ref.pack));
    const auto damaged = [&] {
        return fail(ErrorCode::Internal,
                    fmt::format("{}: the {} bytes from {} are damaged", path_of(ref.pack).string(),
                                ref.size, ref.offset));
    };
    if (ref.offset < kPackHeaderBytes + kRecordHeaderBytes) return damaged();
    const auto header = TUSKER_TRY(read_record_header(*file, ref.offset - kRecordHeaderBytes));
    if (header.magic != kRecordMagic || header.size != ref.size) return damaged();
    auto bytes = TUSKER_TRY(file->read_at(ref.offset, ref.size));
    if (checksum(bytes) != header.checksum) return damaged();
    return bytes;
}

std::uint64_t Packs::stored_bytes() const {
    const std::scoped_lock lock(mutex_);
    return sealed_bytes_ + current_size_;
}

std::uint64_t Packs::sync_count() const {
    const std::scoped_lock lock(mutex_);
    return sync_count_;
}

}  // namespace tusker::media
