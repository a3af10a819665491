// Every wall of the sandbox, alone and together.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

/* ---------------------------------------------------------------- what a child may not do: 1 = did it */

static int
try_socket(void *arg, int out)
{
	static const int domains[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET};

	(void)arg;
	(void)out;
	for (size_t i = 0; i < ARRAY_LEN(domains); i++) {
		if (socket(domains[i], SOCK_DGRAM, 0) >= 0)
			return 1;
	}
	return 0;
}

static int
try_inet(void *arg, int out)
{
	(void)arg;
	(void)out;
	return socket(AF_INET, SOCK_DGRAM, 0) >= 0 || socket(AF_INET6, SOCK_STREAM, 0) >= 0;
}

static int
try_read_passwd(void *arg, int out)
{
	(void)arg;
	(void)out;
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static int
try_write_canary(void *arg, int out)
{
	const char *canary = arg;
	int fd = open(canary, O_WRONLY | O_TRUNC);

	(void)out;
	return fd >= 0 || truncate(canary, 0) == 0 || chmod(canary, 0777) == 0 ||
	    rename(canary, "/tmp/bkm-gone") == 0 || unlink(canary) == 0;
}

static int
try_exec(void *arg, int out)
{
	char *argv[] = {(char[]){"true"}, NULL};

	(void)arg;
	(void)out;
	(void)execv("/bin/true", argv);
	return 77;
}

static int
try_fork(void *arg, int out)
{
	pid_t pid = fork();

	(void)arg;
	(void)out;
	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static int
try_forbidden_calls(void *arg, int out)
{
	static const long calls[] = {SYS_ptrace, SYS_mount, SYS_bpf, SYS_keyctl, SYS_io_uring_setup,
	    SYS_unshare, SYS_setns, SYS_userfaultfd, SYS_perf_event_open, SYS_process_vm_readv,
	    SYS_open_by_handle_at, SYS_chroot, SYS_pidfd_getfd};

	(void)arg;
	(void)out;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		/* EPERM or ENOSYS from the filter; EFAULT, EINVAL would mean that the call was tried. */
		if (syscall(calls[i], 0, 0, 0, 0, 0, 0) >= 0 || (errno != EPERM && errno != ENOSYS))
			return (int)i + 1;
	}
	return 0;
}

static int
try_devices(void *arg, int out)
{
	int dir = *(int *)arg;

	(void)out;
	return mknodat(dir, "chr", S_IFCHR | 0600, 0x103) == 0 ||
	    mkfifoat(dir, "fifo", 0600) == 0 || mknodat(dir, "blk", S_IFBLK | 0600, 0x800) == 0 ||
	    mknodat(dir, "sock", S_IFSOCK | 0600, 0) == 0;
}

static int
try_set_id(void *arg, int out)
{
	int dir = *(int *)arg;
	int fd = openat(dir, "setid", O_WRONLY | O_CREAT, 0600);

	(void)out;
	return fd < 0 || fchmod(fd, 04755) == 0 || fchmod(fd, 02755) == 0 ||
	    fchmodat(dir, "setid", 06755, 0) == 0;
}

static int
try_exec_memory(void *arg, int out)
{
	(void)arg;
	(void)out;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0) != MAP_FAILED;
}

static int
try_root(void *arg, int out)
{
	(void)arg;
	(void)out;
	return geteuid() == 0 || setuid(0) == 0;
}

static int
try_chown(void *arg, int out)
{
	int dir = *(int *)arg;

	(void)out;
	return fchown(dir, 12345, 12345) == 0;
}

/* ---------------------------------------------------------------- what a child may do */

static void *
thread_main(void *arg)
{
	return arg;
}

static int
does_its_work(void *arg, int out)
{
	int *fds = arg;
	pthread_t thread;
	char byte;
	void *block = malloc((size_t)1 << 20);

	if (read(fds[0], &byte, 1) != 1 || byte != 'x' || !block)
		return 1;
	free(block);
	if (pthread_create(&thread, NULL, thread_main, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 2;
	return write(out, "done", 4) == 4 ? 0 : 3;
}

static int
writes_scratch(void *arg, int out)
{
	int dir = *(int *)arg;
	int fd;

	(void)out;
	if (mkdirat(dir, "a", 0700) < 0 || mkdirat(dir, "b", 0700) < 0)
		return 1;
	fd = openat(dir, "a/file", O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, "hello", 5) != 5 || fchmod(fd, 0644) < 0 || ftruncate(fd, 3) < 0)
		return 2;
	if (linkat(dir, "a/file", dir, "a/hard", 0) < 0 ||
	    symlinkat("/etc/passwd", dir, "b/link") < 0)
		return 3;
	if (renameat(dir, "a/hard", dir, "a/harder") < 0 || futimens(fd, NULL) < 0)
		return 4;
	if (openat(dir, "b/link", O_WRONLY) >= 0)
		return 5;
	return unlinkat(dir, "a/file", 0) < 0 ? 6 : 0;
}

/* ---------------------------------------------------------------- tests */

static void
parser_is_enclosed(void **state)
{
	static const struct {
		int (*fn)(void *, int);
		int expected;
	} attempts[] = {{try_socket, 0}, {try_read_passwd, 0}, {try_exec, 77}, {try_fork, 0},
	    {try_forbidden_calls, 0}, {try_exec_memory, 0}, {try_root, 0}};
	struct sandbox_profile profile = {.require = {.bits = SANDBOX_LAYERS_DEFAULT}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		/* As an ordinary user there is no uid layer, and no need of one. */
		int got = status_of(attempts[i].fn, NULL, &profile);

		if (got != attempts[i].expected)
			fail_msg("attempt %zu: %d", i, got);
	}
}

/* Defence in depth: whichever wall is missing, the others hold. */
static void
each_layer_off_in_turn(void **state)
{
	char *canary = mem_printf("%s/canary", temp_dir);
	int dir, fd = open(canary, O_WRONLY | O_CREAT, 0600);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "alive", 5), 5);
	for (unsigned bit = 1; bit <= SANDBOX_SECCOMP; bit <<= 1) {
		char *scratch = mem_printf("%s/scratch%u", temp_dir, bit);
		struct sandbox_path path = {.access = SANDBOX_WRITE};
		struct sandbox_profile profile = {
		    .off = bit, .paths = &path, .path_count = 1, .write_files = true};

		assert_int_equal(mkdir(scratch, 0700), 0);
		dir = path.fd = open(scratch, O_RDONLY | O_DIRECTORY);
		assert_int_equal(status_of(try_inet, NULL, &profile), 0 + (bit == SANDBOX_SECCOMP));
		assert_int_equal(status_of(try_write_canary, canary, &profile), 0);
		assert_int_equal(status_of(try_devices, &dir, &profile), 0);
		assert_int_equal(status_of(writes_scratch, &dir, &profile), 0);
		(void)close(dir);
		free(scratch);
	}
	(void)close(fd);
	free(canary);
}

static void
writer_writes_only_below_its_directory(void **state)
{
	char *scratch = mem_printf("%s/writer", temp_dir),
	     *canary = mem_printf("%s/outside", temp_dir);
	struct sandbox_path path = {.access = SANDBOX_WRITE};
	struct sandbox_profile profile = {.paths = &path,
	    .path_count = 1,
	    .write_files = true,
	    .require = {.bits = SANDBOX_LAYERS_DEFAULT}};
	int dir;

	(void)state;
	assert_int_equal(mkdir(scratch, 0700), 0);
	(void)close(open(canary, O_WRONLY | O_CREAT, 0666));
	dir = path.fd = open(scratch, O_RDONLY | O_DIRECTORY);
	assert_int_equal(status_of(writes_scratch, &dir, &profile), 0);
	assert_int_equal(status_of(try_write_canary, canary, &profile), 0);
	assert_int_equal(status_of(try_devices, &dir, &profile), 0);
	assert_int_equal(status_of(try_set_id, &dir, &profile), 0);
	assert_int_equal(status_of(try_chown, &dir, &profile), 0);
	assert_int_equal(status_of(try_read_passwd, NULL, &profile), 0);
	(void)close(dir);
	free(scratch);
	free(canary);
}

static void
parser_does_its_work(void **state)
{
	int fds[2];
	struct sandbox_profile profile = {.keep_fds = fds, .keep_fd_count = 1};
	struct buf answer = BUF_INIT;
	struct sandbox_result r;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	r = run_it((struct attempt){.profile = &profile, .fn = does_its_work, .arg = fds}, &answer);
	assert_int_equal(r.end, SANDBOX_DONE);
	assert_int_equal(r.status, 0);
	assert_string_equal(answer.data, "done");
	assert_true(r.memory_max > 0);
	buf_release(&answer);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static int
counts_descriptors(void *arg, int out)
{
	int open_fds = 0;

	(void)arg;
	for (int fd = 3; fd < 1024; fd++)
		open_fds += fcntl(fd, F_GETFD) >= 0 && fd != out;
	return open_fds;
}

static void
nothing_is_inherited(void **state)
{
	struct sandbox_profile profile = {.cpu_seconds = 5};
	int fd = open("/etc/passwd", O_RDONLY);
	int other = dup2(fd, 500);

	(void)state;
	assert_int_equal(status_of(counts_descriptors, NULL, &profile), 0);
	(void)close(fd);
	(void)close(other);
}

static void
programs_run_enclosed(void **state)
{
	struct sandbox_profile profile = {.programs = true,
	    .paths = program_paths,
	    .path_count = ARRAY_LEN(program_paths),
	    .require = {.bits = SANDBOX_LAYERS_DEFAULT}};
	struct buf answer = BUF_INIT;
	struct sandbox_result r;

	(void)state;
	r = run_it(
	    (struct attempt){.profile = &profile,
		.fn = runs_program,
		.arg = (char[]){"/bin/echo hello; cat /etc/passwd && exit 9; "
				"echo x > /tmp/bkm-canary && exit 8; mkfifo /tmp/bkm-f && exit 7; "
				"mount -t tmpfs none /mnt && exit 6; exit 0"}},
	    &answer);
	assert_int_equal(r.end, SANDBOX_DONE);
	assert_int_equal(r.status, 0);
	assert_string_equal(answer.data, "hello\n");
	buf_release(&answer);
	assert_int_equal(status_of(try_forbidden_calls, NULL, &profile), 0);
	assert_int_equal(status_of(try_inet, NULL, &profile), 0);
}

/* A daemon that leaves its session is ended with the rest. */
static void
weaker_than_required_is_refused(void **state)
{
	struct sandbox_profile profile = {
	    .off = SANDBOX_SECCOMP | SANDBOX_LANDLOCK, .require = {.bits = SANDBOX_LAYERS_DEFAULT}};
	struct sandbox_run run = {.profile = &profile, .wall_ms = 10000};
	struct sandbox_result result;
	struct buf answer = BUF_INIT;
	struct err err;

	(void)state;
	assert_int_equal(sandbox_run(&run, try_socket, NULL, &answer, &result, &err), -1);
	assert_int_equal(err.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "landlock"));
	assert_non_null(strstr(err.msg, "seccomp"));
	profile =
	    (struct sandbox_profile){.require = {.bits = SANDBOX_LANDLOCK, .landlock_abi = 99}};
	assert_int_equal(sandbox_run(&run, try_socket, NULL, &answer, &result, &err), -1);
	assert_non_null(strstr(err.msg, "landlock99"));
	buf_release(&answer);
}

static void
layers_have_names(void **state)
{
	const struct sandbox_layers layers = {
	    .bits = SANDBOX_RLIMITS | SANDBOX_LANDLOCK | SANDBOX_SECCOMP, .landlock_abi = 3};
	struct buf out = BUF_INIT;

	(void)state;
	sandbox_layers_json(&layers, &out);
	assert_string_equal(out.data, "[\"rlimits\",\"landlock3\",\"seccomp\"]");
	buf_release(&out);
}

/* bkm is killed in the middle of a drill: nothing of it goes on. */
int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parser_is_enclosed),
	    cmocka_unit_test(each_layer_off_in_turn),
	    cmocka_unit_test(writer_writes_only_below_its_directory),
	    cmocka_unit_test(parser_does_its_work),
	    cmocka_unit_test(nothing_is_inherited),
	    cmocka_unit_test(programs_run_enclosed),
	    cmocka_unit_test(weaker_than_required_is_refused),
	    cmocka_unit_test(layers_have_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
