// restore.command beside a throw-away server: run while the restored database can still be asked.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "restore/server_private.h"

#define LOG ".bkm-command"

/* As a shell would find it, without one. */
static char *
find_program(const char *name)
{
	static const char *const places[] = {"/usr/local/bin", "/usr/bin", "/bin"};

	if (strchr(name, '/'))
		return mem_strdup(name);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		char *path = mem_printf("%s/%s", places[i], name);

		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* The first line that it wrote. */
static void
read_line(struct restore_child *child)
{
	struct restore_answer *a = child->answer;
	int fd = openat(child->rootfd, LOG, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, a->command_text, sizeof(a->command_text) - 1);

	a->command_text[n > 0 ? n : 0] = '\0';
	a->command_text[strcspn(a->command_text, "\n")] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

void
restore_server_command(struct restore_watch *watch, char *const *env)
{
	struct restore_child *child = watch->child;
	struct restore_answer *a = child->answer;
	const char *const *command = child->subject->command;
	struct restore_spawn spawn = {.env = env, .log = LOG, .loose = true};
	size_t n = 0;
	int status;
	pid_t pid;

	if (!command || a->verdict != (int32_t)RECORD_VERDICT_PASS)
		return;
	a->command = RESTORE_COMMAND_MISSING;
	spawn.program = find_program(command[0]);
	if (!spawn.program)
		return;
	while (command[n])
		n++;
	{
		char **argv = mem_array(n + 1, sizeof(*argv));

		memcpy(argv, command, n * sizeof(*argv));
		spawn.argv = argv;
		pid = restore_spawn(child, &spawn);
		if (pid > 0 && restore_spawn_wait(watch, pid, &status) == 0) {
			a->command = RESTORE_COMMAND_RAN;
			a->command_status =
			    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			if (a->command_status == 127)
				a->command = RESTORE_COMMAND_MISSING;
			read_line(child);
		}
		free(argv);
	}
	free((void *)(uintptr_t)spawn.program);
}
