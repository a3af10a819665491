/*
 * sandbox: a child process for bytes that bkm did not write.
 *
 * Each layer is a wall of its own; a child gets all of them that the kernel and the container
 * allow, and the record says which those were. What a child needs is in its profile; everything
 * else is refused.
 *
 *	rlimits       no core, bounded CPU, memory, file size, descriptors, processes
 *	uid           as root only: become nobody, without groups (the files it needs come open)
 *	caps          no capability left, none to be had
 *	namespaces    own network (empty), IPC and user namespace, where the container allows it
 *	no_new_privs  setuid programs do not raise anything
 *	landlockN     files: the scratch directory and what the profile names, nothing else; from
 *	              ABI 1 (Linux 5.13) up; 4 adds TCP, 6 adds abstract sockets and signals
 *	seccomp       no socket, no exec (but where the profile names programs), no ptrace, mount,
 *	              io_uring, bpf, keyctl, no set-id bits, mknod only of regular files
 *
 * Two ways in. sandbox_run() forks, encloses, keeps the clock, and collects a bounded answer.
 * sandbox_enter() encloses the calling process, for a pool that forks its workers itself.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"
#include "sandbox/scratch.h"

#define SANDBOX_NOBODY 65534 /* whom root's child becomes */

enum sandbox_layer {
	SANDBOX_RLIMITS = 1 << 0,
	SANDBOX_UID = 1 << 1,
	SANDBOX_CAPS = 1 << 2,
	SANDBOX_NAMESPACES = 1 << 3,
	SANDBOX_NO_NEW_PRIVS = 1 << 4,
	SANDBOX_LANDLOCK = 1 << 5,
	SANDBOX_SECCOMP = 1 << 6,
};

/* What a stock Debian 12 kernel gives in a default container: sandbox.require's default. */
#define SANDBOX_LAYERS_DEFAULT                                                                     \
	(SANDBOX_RLIMITS | SANDBOX_NO_NEW_PRIVS | SANDBOX_LANDLOCK | SANDBOX_SECCOMP)

/* What is active in a child, or required of it. */
struct sandbox_layers {
	unsigned bits;         /* enum sandbox_layer */
	unsigned landlock_abi; /* with SANDBOX_LANDLOCK; as a requirement: at least this */
};

enum sandbox_access {
	SANDBOX_READ = 1 << 0,  /* read files, list directories */
	SANDBOX_WRITE = 1 << 1, /* create, write, rename, remove; implies read */
	SANDBOX_EXEC = 1 << 2,  /* execute; implies read */
};

/* Something of the file system that the child may use, with all that is below it. A directory
 * given as fd with SANDBOX_WRITE is handed over (chown) to the user that the child will be. */
struct sandbox_path {
	const char *
	    path; /* opened with O_PATH before the walls go up; one that is not there is left out */
	int fd;   /* used instead if path is NULL */
	unsigned access; /* enum sandbox_access */
};

/* Zero means "the default", which is the tighter choice. All pointers are borrowed. */
struct sandbox_profile {
	const struct sandbox_path *paths;
	size_t path_count;
	const int
	    *keep_fds; /* stay open; everything else above 2 is closed, 0 to 2 are /dev/null */
	size_t keep_fd_count;
	bool keep_stdio; /* leave 0, 1 and 2 as they are */
	bool programs; /* the child will execute programs (paths with SANDBOX_EXEC) and may fork */
	bool write_files;  /* the child creates files (below paths with SANDBOX_WRITE) */
	bool unix_sockets; /* AF_UNIX may be used: a database server in the scratch directory */
	bool keep_user; /* no uid layer, and as root CAP_DAC_READ_SEARCH stays: for a program that
	                    * opens the backup by its path */

	uint64_t cpu_seconds;   /* default 3600 */
	uint64_t memory_bytes;  /* address space; default 1 GiB; not set in a sanitizer build */
	uint64_t file_bytes;    /* largest file; default 0 without write_files, else no limit */
	unsigned max_fds;       /* default 64 */
	unsigned max_processes; /* with programs; default 64 */

	struct sandbox_layers
	    require;  /* fewer than these is ERR_UNSUPPORTED; bits 0: none required */
	unsigned off; /* layers not to use: for tests of one layer at a time */
};

/*
 * Enclose the calling process, for good. It must be a fresh child with one thread that has nothing
 * to lose; after a failure it must _exit. The parent's death kills it. Paths that the profile does
 * not name cannot be opened afterwards; descriptors that are open keep working.
 * 0 and *ret_active; -1: ERR_UNSUPPORTED with the missing layers named, or ERR_IO.
 */
int sandbox_enter(
    const struct sandbox_profile *profile, struct sandbox_layers *ret_active, struct err *err);

/*
 * In a child that is enclosed already, with programs: narrower walls, then a program. Of the profile
 * only paths, keep_fds, unix_sockets (to listen and accept; it can connect to nothing) and off count.
 * The program (which needs a path with SANDBOX_EXEC, and so does its loader) can start no other:
 * execve fails for it and all that it forks. Returns only to say -1.
 */
int sandbox_exec(const struct sandbox_profile *profile, const char *program, char *const argv[],
    char *const envp[], struct err *err);

/* How a child ended. */
enum sandbox_end {
	SANDBOX_DONE,     /* exited with status */
	SANDBOX_CRASHED,  /* died of a signal */
	SANDBOX_TIMEOUT,  /* wall clock or CPU limit; killed */
	SANDBOX_OVERFLOW, /* answered more than it may; killed */
	SANDBOX_STOPPED,  /* stop() said so; killed */
};

struct sandbox_result {
	enum sandbox_end end;
	int status; /* exit status, or the signal */
	struct sandbox_layers active;
	int64_t ms;          /* wall clock */
	uint64_t memory_max; /* resident bytes at the peak */
};

struct sandbox_run {
	const struct sandbox_profile *profile;
	int64_t wall_ms;      /* 0: no limit */
	size_t answer_max;    /* bytes; default 1 MiB */
	bool (*stop)(void *); /* asked a few times a second; true ends the child; may be NULL */
	void *stop_arg;
	int lock_fd; /* above 0: stays open until all that was started is gone, also if the caller is
	              * killed: what it locks is in use that long */
};

/*
 * Fork a child, enclose it, run fn(arg, answer_fd) in it, collect what it writes to answer_fd.
 * fn's return value is the exit status. With programs in the profile, fn usually ends in exec.
 * When this returns, the child and all that it started are gone.
 * 0: *ret_result is set and answer has what came (hostile text). -1: the child could not be
 * started, or not enclosed as the profile requires (ERR_UNSUPPORTED).
 */
int sandbox_run(const struct sandbox_run *run, int (*fn)(void *arg, int answer_fd), void *arg,
    struct buf *answer, struct sandbox_result *ret_result, struct err *err);

/* ---------------------------------------------------------------- programs (program.c) */

/* What a program needs beside itself: /usr, libraries, /etc, the usual devices. For profiles. */
const struct sandbox_path *sandbox_system_paths(size_t *ret_count);

/* A file in memory that holds text and is never on a disk: how a secret gets to a program, which
 * reads it from descriptor SANDBOX_SECRET_FD or opens /dev/fd/3. The descriptor, or -1. */
#define SANDBOX_SECRET_FD 3
int sandbox_secret_fd(const char *text, struct err *err);

struct sandbox_program {
	char *const *argv, *const *envp;
	int fds[4]; /* become 0 to 3; -1: is left as it is */
	int cwd;    /* descriptor of the directory to run in */
};

#define SANDBOX_PATH "/usr/local/bin:/usr/bin:/bin"

/* The last step of the fn of a sandbox_run with programs: returns only if the program cannot be
 * executed, with the exit status that says so. */
#define SANDBOX_EXIT_EXEC    126
#define SANDBOX_EXIT_MISSING 127
int sandbox_program_exec(const struct sandbox_program *program);

/* Close every descriptor from first up that is not in keep: for a process that goes on without. */
void sandbox_close_others(int first, const int *keep, size_t count);

/* ---------------------------------------------------------------- layers */

/* Append ["rlimits","no_new_privs","landlock7","seccomp"]. */
void sandbox_layers_json(const struct sandbox_layers *layers, struct buf *out);

/* 0 if active has all of require, else ERR_UNSUPPORTED and the missing ones by name. */
int sandbox_layers_check(
    const struct sandbox_layers *active, const struct sandbox_layers *require, struct err *err);

#endif
