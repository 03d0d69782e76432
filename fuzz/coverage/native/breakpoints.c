/* Breakpoints in the text of a shared library that is loaded in this process; each strikes once.
 *
 * A breakpoint replaces the first unit of an instruction. The handler of SIGTRAP puts the original back, notes the
 * address and resumes at the instruction. Nothing is done per execution after that: a loop costs one trap.
 *
 * Threads: two may meet at one breakpoint, and one may trap on a unit that the other has put back in the meantime. So
 * the handler does not ask whether the breakpoint is still there, but whether there ever was one: `placed` is never
 * cleared. The exchange decides which of the two notes the hit. arm, disarm and hits are for one thread at a time.
 *
 * Loaded through ctypes: includes no Python.h. Offsets are addresses relative to the base of the image.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

/* ---- the machine: what a breakpoint is, and where it struck ---- */
#if defined(__x86_64__)
typedef uint8_t unit;
static const unit TRAP = 0xCC; /* int3 */
static uintptr_t struck_at(const ucontext_t *context) { return (uintptr_t)context->uc_mcontext.gregs[REG_RIP] - sizeof(unit); }
static void resume_at(ucontext_t *context, uintptr_t address) { context->uc_mcontext.gregs[REG_RIP] = (greg_t)address; }
static void text_changed(uintptr_t address) { (void)address; } /* instruction caches are coherent */
#else
#error "native coverage knows no breakpoints of this machine"
#endif

enum { IMAGES = 16 };
enum { /* what calls return when they fail; `breakpoints.py` has the words */
    NOT_LOADED = -1,
    TOO_MANY = -2,
    FILE_UNREADABLE = -3,
    NO_MEMORY = -4,
    OUT_OF_BOUNDS = -5,
    TEXT_DIFFERS = -6,
    NOT_WRITABLE = -7,
    HANDLER_REPLACED = -8,
    HITS_LOST = -9,
    ATTACHED_ALREADY = -10
};

typedef struct {
    uintptr_t base, low, high; /* the executable segment is [low, high) */
    const uint8_t *original;   /* the same bytes, of the file */
    uint8_t *placed;           /* one bit for each byte of the segment */
    uint32_t *ring;            /* offsets of hits; 0 where none is yet */
    uint64_t capacity;         /* a power of two, and no less than the breakpoints that can be armed at a time */
    uint64_t head, tail;       /* hits noted, and hits read, ever */
    uint64_t armed;            /* breakpoints in place or struck and not read */
} image;

static image images[IMAGES];
static int image_count;
static struct sigaction previous;
static int installed;

static int was_placed(const image *in, uintptr_t offset) {
    return __atomic_load_n(&in->placed[offset >> 3], __ATOMIC_RELAXED) >> (offset & 7) & 1;
}

static void note(image *in, uint32_t offset) {
    uint64_t mine = __atomic_fetch_add(&in->head, 1, __ATOMIC_RELAXED);
    if (mine - __atomic_load_n(&in->tail, __ATOMIC_ACQUIRE) < in->capacity)
        __atomic_store_n(&in->ring[mine & (in->capacity - 1)], offset, __ATOMIC_RELEASE);
}

static void pass_on(int number, siginfo_t *info, void *context) {
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(number, info, context);
    } else if (previous.sa_handler == SIG_IGN && info->si_code <= 0) {
        return; /* sent by a process: that can be ignored, a trap cannot */
    } else if (previous.sa_handler == SIG_IGN || previous.sa_handler == SIG_DFL) {
        signal(number, SIG_DFL);
        raise(number);
    } else {
        previous.sa_handler(number);
    }
}

static void on_trap(int number, siginfo_t *info, void *raw) {
    ucontext_t *context = raw;
    /* A signal that was sent arrives anywhere, also just after a breakpoint's address. */
    if (info->si_code == SI_KERNEL || info->si_code == TRAP_BRKPT) {
        uintptr_t address = struck_at(context);
        int count = __atomic_load_n(&image_count, __ATOMIC_ACQUIRE);
        for (int i = 0; i < count; i++) {
            image *in = &images[i];
            uintptr_t within = address - in->low;
            if (within < in->high - in->low && was_placed(in, within)) {
                unit original;
                memcpy(&original, in->original + within, sizeof original);
                if (__atomic_exchange_n((unit *)address, original, __ATOMIC_SEQ_CST) == TRAP)
                    note(in, (uint32_t)(address - in->base));
                text_changed(address);
                resume_at(context, address);
                return;
            }
        }
    }
    pass_on(number, info, context);
}

static int install(void) {
    struct sigaction action;
    if (installed) {
        if (sigaction(SIGTRAP, NULL, &action)) return NO_MEMORY;
        return action.sa_sigaction == on_trap ? 0 : HANDLER_REPLACED;
    }
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_trap;
    /* On the thread's own stack a trap would need room there that the code itself does not. */
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGTRAP, &action, &previous)) return NO_MEMORY;
    installed = 1;
    return 0;
}

typedef struct {
    struct stat file;
    uintptr_t text;
    image *found;
    uint64_t file_offset;
    int matched;
} wanted;

static int look(struct dl_phdr_info *loaded, size_t size, void *raw) {
    wanted *want = raw;
    struct stat file;
    (void)size;
    if (!loaded->dlpi_name || stat(loaded->dlpi_name, &file)) return 0;
    if (file.st_dev != want->file.st_dev || file.st_ino != want->file.st_ino) return 0;
    for (int i = 0; i < loaded->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &loaded->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        if (want->text - part->p_vaddr >= part->p_filesz) continue;
        want->found->base = loaded->dlpi_addr;
        want->found->low = loaded->dlpi_addr + part->p_vaddr;
        want->found->high = want->found->low + part->p_filesz;
        want->file_offset = part->p_offset;
        want->matched = 1;
        return 1;
    }
    return 0;
}

static void *reserve(uint64_t size) {
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* Find the loaded image of a file, by its device and inode, and get ready for `breakpoints` of them in the executable
 * segment that holds the offset `text`. Returns the image's number, or an error; errno says more. */
int tensorsmith_attach(const char *path, uint64_t text, uint64_t breakpoints) {
    wanted want;
    image fresh;
    memset(&fresh, 0, sizeof fresh);
    memset(&want, 0, sizeof want);
    want.text = text;
    want.found = &fresh;
    errno = 0;
    if (image_count == IMAGES) return TOO_MANY;
    if (stat(path, &want.file)) return FILE_UNREADABLE;
    dl_iterate_phdr(look, &want);
    if (!want.matched) return NOT_LOADED;
    for (int i = 0; i < image_count; i++)
        if (images[i].low == fresh.low) return ATTACHED_ALREADY;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return FILE_UNREADABLE;
    uint64_t size = fresh.high - fresh.low, page = (uint64_t)sysconf(_SC_PAGESIZE), skip = want.file_offset % page;
    const uint8_t *mapped = mmap(NULL, size + skip, PROT_READ, MAP_PRIVATE, file, (off_t)(want.file_offset - skip));
    close(file);
    if (mapped == MAP_FAILED) return FILE_UNREADABLE;
    fresh.original = mapped + skip;
    for (fresh.capacity = 64; fresh.capacity < breakpoints;) fresh.capacity *= 2;
    fresh.placed = reserve(size / 8 + 1);
    fresh.ring = reserve(fresh.capacity * sizeof *fresh.ring);
    if (fresh.placed == MAP_FAILED || fresh.ring == MAP_FAILED) return NO_MEMORY;
    int failed = install();
    if (failed) return failed;
    images[image_count] = fresh;
    __atomic_store_n(&image_count, image_count + 1, __ATOMIC_RELEASE);
    return image_count - 1;
}

static unit *text_of(const image *in, uint32_t offset) { return (unit *)(in->base + offset); }

/* Whether breakpoints may be placed at all of these offsets: 0, or an error. `bad` is the first that is wrong. */
static int check(const image *in, const uint32_t *offsets, uint64_t count, uint64_t *bad) {
    for (*bad = 0; *bad < count; ++*bad) {
        uintptr_t within = in->base + offsets[*bad] - in->low;
        if (!offsets[*bad] || within > in->high - in->low - sizeof(unit)) return OUT_OF_BOUNDS;
        unit there = *text_of(in, offsets[*bad]), original;
        memcpy(&original, in->original + within, sizeof original);
        if (original == TRAP) return TEXT_DIFFERS;
        if (there != original && !(there == TRAP && was_placed(in, within))) return TEXT_DIFFERS;
    }
    return 0;
}

/* Place breakpoints, all or none. Those that are in place already stay. Hits must have been read before those that
 * were struck are armed again. Returns 0 or an error; `bad` is then the position of the offset that is to blame. */
int tensorsmith_arm(int number, const uint32_t *offsets, uint64_t count, uint64_t *bad) {
    image *in = &images[number];
    errno = 0;
    *bad = 0;
    int failed = install();
    if (!failed) failed = check(in, offsets, count, bad);
    if (failed || !count) return failed;
    uint64_t fresh = 0;
    uint32_t least = offsets[0], most = offsets[0];
    for (uint64_t k = 0; k < count; k++) {
        least = offsets[k] < least ? offsets[k] : least;
        most = offsets[k] > most ? offsets[k] : most;
        fresh += *text_of(in, offsets[k]) != TRAP;
    }
    if (in->armed + fresh > in->capacity) return HITS_LOST;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (in->base + least) & ~(page - 1);
    if (mprotect((void *)from, in->base + most + sizeof(unit) - from, PROT_READ | PROT_WRITE | PROT_EXEC)) return NOT_WRITABLE;
    for (uint64_t k = 0; k < count; k++) {
        uintptr_t within = in->base + offsets[k] - in->low;
        uint8_t bits = in->placed[within >> 3] | (uint8_t)(1 << (within & 7));
        __atomic_store_n(&in->placed[within >> 3], bits, __ATOMIC_RELEASE);
        if (__atomic_exchange_n(text_of(in, offsets[k]), TRAP, __ATOMIC_SEQ_CST) != TRAP) in->armed++;
        text_changed(in->base + offsets[k]);
    }
    return 0;
}

/* Take breakpoints away where there are any. A thread that has just trapped on one goes on without a hit. */
void tensorsmith_disarm(int number, const uint32_t *offsets, uint64_t count) {
    image *in = &images[number];
    for (uint64_t k = 0; k < count; k++) {
        uintptr_t within = in->base + offsets[k] - in->low;
        if (within > in->high - in->low - sizeof(unit) || !was_placed(in, within)) continue;
        unit original;
        memcpy(&original, in->original + within, sizeof original);
        if (__atomic_exchange_n(text_of(in, offsets[k]), original, __ATOMIC_SEQ_CST) == TRAP) in->armed--;
        text_changed(in->base + offsets[k]);
    }
}

/* Move up to `room` hits to `out`. Returns their number, or an error. */
int64_t tensorsmith_hits(int number, uint32_t *out, uint64_t room) {
    image *in = &images[number];
    int failed = install();
    if (failed) return failed;
    uint64_t tail = in->tail, count = __atomic_load_n(&in->head, __ATOMIC_ACQUIRE) - tail;
    if (count > in->capacity) return HITS_LOST;
    count = count < room ? count : room;
    for (uint64_t k = 0; k < count; k++) {
        uint32_t *slot = &in->ring[(tail + k) & (in->capacity - 1)];
        /* A thread may have taken the slot and fill it with its next instructions, unless it is not in this fork. */
        for (int tries = 0; !(out[k] = __atomic_load_n(slot, __ATOMIC_ACQUIRE)); tries++) {
            if (tries == 1000) return HITS_LOST;
            usleep(100);
        }
        __atomic_store_n(slot, 0, __ATOMIC_RELEASE);
    }
    in->armed -= count;
    __atomic_store_n(&in->tail, tail + count, __ATOMIC_RELEASE);
    return (int64_t)count;
}
